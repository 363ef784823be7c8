use std::iter::FusedIterator;
use std::vec;

use jiff::Timestamp;

use super::desired::Restriction;
use super::model::UserRestriction;
use super::plan::{RestrictionPlan, RestrictionStep};
use super::target::{Endpoints, Target};
use crate::error::{Error, ErrorScope, Result};

/// Makes the restrictions of an experience or a place the desired ones, from
/// [`Experience::sync_restrictions`](crate::Experience::sync_restrictions).
///
/// It can be interrupted at any time: a new plan has the changes that are left.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::experience::Restriction;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let experience = sandbox.client().experience(13058);
/// let week = Restriction::lasting(Duration::from_secs(7 * 24 * 3600)).display_reason("Exploiting");
/// let sync = experience.sync_restrictions([(156, week), (1007, Restriction::permanent())]);
/// let plan = sync.plan()?;
/// println!("{plan}");
/// for outcome in sync.apply(plan) {
///     match outcome.result {
///         Ok(restriction) => println!("{restriction}"),
///         Err(error) => println!("{}: {error}", outcome.step),
///     }
/// }
/// # assert!(sync.plan()?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is changed until a plan is applied"]
pub struct RestrictionSync {
    target: Target,
    endpoints: &'static Endpoints,
    desired: Vec<(u64, Restriction)>,
    lift_others: bool,
}

impl RestrictionSync {
    pub(super) fn new(
        target: Target,
        endpoints: &'static Endpoints,
        desired: impl IntoIterator<Item = (u64, Restriction)>,
    ) -> Self {
        Self { target, endpoints, desired: desired.into_iter().collect(), lift_others: false }
    }

    /// Sets whether the restrictions of all other users are lifted, also those that scripts of the game have made. Defaults to
    /// `false`.
    pub fn lift_others(mut self, lift: bool) -> Self {
        self.lift_others = lift;
        self
    }

    /// Lists the current restrictions, and compares them with the desired ones. Changes nothing. See
    /// [`RestrictionPlan::new`].
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) before any request if the desired restrictions contradict each
    /// other or can't be made, and [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if a current one can't be read.
    pub fn plan(&self) -> Result<RestrictionPlan> {
        let now = Timestamp::now();
        let compare = |current| RestrictionPlan::new(current, self.desired.iter().cloned(), self.lift_others, now);
        compare(Vec::new())?;
        let mut listed = self.target.list(&self.endpoints.list);
        let current: Vec<UserRestriction> = listed.by_ref().collect::<Result<_>>()?;
        let question = "who is restricted";
        listed.check_all_read(question)?;
        if current.iter().any(|restriction| restriction.user_id().is_none()) {
            return Err(listed.unread(question));
        }
        compare(current)
    }

    /// Makes the changes of a plan one by one, as the outcomes are iterated over. They keep within the limits of the service.
    ///
    /// A change that fails doesn't keep the others from being made, unless its failure concerns all of them.
    pub fn apply(&self, plan: RestrictionPlan) -> RestrictionChanges {
        RestrictionChanges { target: self.target.clone(), endpoints: self.endpoints, steps: plan.steps.into_iter() }
    }
}

/// The changes of a plan, from [`RestrictionSync::apply`].
#[derive(Debug)]
#[must_use = "nothing is changed until it is iterated over"]
pub struct RestrictionChanges {
    target: Target,
    endpoints: &'static Endpoints,
    steps: vec::IntoIter<RestrictionStep>,
}

/// What became of a step, from [`RestrictionChanges`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestrictionOutcome {
    /// The step.
    pub step: RestrictionStep,
    /// The restriction after it.
    pub result: Result<UserRestriction>,
}

impl Iterator for RestrictionChanges {
    type Item = RestrictionOutcome;

    fn next(&mut self) -> Option<RestrictionOutcome> {
        let step = self.steps.next()?;
        let update = &self.endpoints.update;
        let result = match &step {
            RestrictionStep::Restrict { user_id, restriction } => self.target.restrict(update, *user_id, restriction),
            RestrictionStep::Lift { user_id } => self.target.lift(update, *user_id),
        };
        if result.as_ref().is_err_and(concerns_all) {
            self.steps = Vec::new().into_iter();
        }
        Some(RestrictionOutcome { step, result })
    }
}

impl FusedIterator for RestrictionChanges {}

fn concerns_all(error: &Error) -> bool {
    error.scope() == ErrorScope::Run
}
