use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::desired::{Fit, Restriction};
use super::model::{GameJoinRestriction, UserRestriction};
use crate::error::{Error, Result};

/// What is to be changed so that the restrictions are the desired ones, from
/// [`RestrictionSync::plan`](super::sync::RestrictionSync::plan). `Display` has a line for each step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestrictionPlan {
    /// The changes, by the ids of the users.
    pub steps: Vec<RestrictionStep>,
    /// The users who are restricted as desired.
    pub unchanged: Vec<u64>,
    /// The users whose desired restriction has ended. They aren't restricted again.
    pub ended: Vec<u64>,
    /// The users who are restricted although it isn't desired, if they stay so.
    pub others: Vec<u64>,
}

/// A change of one user's restriction, for a [`RestrictionPlan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum RestrictionStep {
    /// Restricts the user, or replaces the restriction.
    Restrict {
        /// The user's id.
        user_id: u64,
        /// The desired restriction.
        restriction: Restriction,
    },
    /// Lifts the restriction.
    Lift {
        /// The user's id.
        user_id: u64,
    },
}

impl RestrictionStep {
    /// Returns the user's id.
    #[must_use]
    pub fn user_id(&self) -> u64 {
        match self {
            Self::Restrict { user_id, .. } | Self::Lift { user_id } => *user_id,
        }
    }
}

/// `restrict user 156 for 7 days: Exploiting`.
impl fmt::Display for RestrictionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restrict { user_id, restriction } => write!(f, "restrict user {user_id} {restriction}"),
            Self::Lift { user_id } => write!(f, "lift the restriction of user {user_id}"),
        }
    }
}

impl RestrictionPlan {
    /// Compares the current restrictions with the desired ones. Makes no request.
    ///
    /// A restriction that lasts some time is as desired if one of the same length and with the same reasons is in force or has
    /// ended. Restrictions that a place inherits don't count. Users who are restricted without being named are lifted only
    /// with `lift_others`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if a user has two different desired restrictions, or one that the
    /// service would refuse, or if a current restriction names no user.
    pub fn new(
        current: impl IntoIterator<Item = UserRestriction>,
        desired: impl IntoIterator<Item = (u64, Restriction)>,
        lift_others: bool,
        now: Timestamp,
    ) -> Result<Self> {
        let mut users = BTreeMap::new();
        for (user_id, restriction) in desired {
            add_desired(&mut users, user_id, restriction)?;
        }
        for restriction in current {
            add_current(&mut users, restriction)?;
        }
        Ok(Self::of(users, lift_others, now))
    }

    fn of(users: BTreeMap<u64, User>, lift_others: bool, now: Timestamp) -> Self {
        let mut plan = Self::default();
        let mut others = Vec::new();
        for (user_id, User { desired, current }) in users {
            let is_kept_out = match desired.map(|restriction| (restriction.fit(current.as_ref(), now), restriction)) {
                Some((Fit::InForce, _)) => {
                    plan.unchanged.push(user_id);
                    true
                }
                Some((Fit::Other, restriction)) => {
                    plan.steps.push(RestrictionStep::Restrict { user_id, restriction });
                    true
                }
                Some((Fit::Ended, _)) => {
                    plan.ended.push(user_id);
                    false
                }
                None => false,
            };
            let is_own = |known: &GameJoinRestriction| known.is_in_force(now) && known.inherited != Some(true);
            if !is_kept_out && current.as_ref().is_some_and(is_own) {
                others.push(user_id);
            }
        }
        if lift_others {
            plan.steps.extend(others.into_iter().map(|user_id| RestrictionStep::Lift { user_id }));
        } else {
            plan.others = others;
        }
        plan
    }

    /// Returns whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// The restrictions of a user.
#[derive(Default)]
struct User {
    desired: Option<Restriction>,
    current: Option<GameJoinRestriction>,
}

fn add_desired(users: &mut BTreeMap<u64, User>, user_id: u64, restriction: Restriction) -> Result<()> {
    restriction.check().map_err(|error| error.about_user(user_id))?;
    let desired = &mut users.entry(user_id).or_default().desired;
    if desired.as_ref().is_some_and(|known| *known != restriction) {
        return Err(Error::invalid_input(format!("user {user_id} has two different restrictions")));
    }
    *desired = Some(restriction);
    Ok(())
}

fn add_current(users: &mut BTreeMap<u64, User>, restriction: UserRestriction) -> Result<()> {
    let Some(user_id) = restriction.user_id() else {
        let problem = format!("the current restriction {:?} names no user", restriction.path);
        return Err(Error::invalid_input(problem));
    };
    users.entry(user_id).or_default().current = Some(restriction.game_join_restriction);
    Ok(())
}

impl fmt::Display for RestrictionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        write!(f, "{} to change, {} as desired", self.steps.len(), self.unchanged.len())?;
        for (users, what) in [(&self.ended, "ended"), (&self.others, "restricted without being named")] {
            if !users.is_empty() {
                write!(f, ", {} {what}", users.len())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn current(users: impl IntoIterator<Item = u64>) -> Vec<UserRestriction> {
        users.into_iter().map(|user| UserRestriction::new(1, user)).collect()
    }

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    #[test]
    fn only_what_differs_is_changed() {
        let hour = Restriction::lasting(Duration::from_secs(3600));
        let past = Restriction::until("2025-01-01T00:00:00Z".parse().expect("a time"));
        let desired = || {
            let named =
                [(4, Restriction::permanent()), (2, hour.clone()), (1, Restriction::permanent()), (5, past.clone())];
            named.into_iter().chain([(1, Restriction::permanent())])
        };
        let plan = RestrictionPlan::new(current([1, 2, 3]), desired(), false, now()).expect("it is fine");
        let restrict = |user_id, restriction: &Restriction| RestrictionStep::Restrict {
            user_id,
            restriction: restriction.clone(),
        };
        assert_eq!(plan.steps, [restrict(2, &hour), restrict(4, &Restriction::permanent())]);
        assert_eq!((plan.unchanged, plan.ended, plan.others), (vec![1], vec![5], vec![3]));
        let plan = RestrictionPlan::new(current([1, 2, 3, 5]), desired(), true, now()).expect("it is fine");
        assert_eq!(plan.steps[2..], [RestrictionStep::Lift { user_id: 3 }, RestrictionStep::Lift { user_id: 5 }]);
        assert!(plan.others.is_empty());
        assert_eq!(
            plan.to_string(),
            "restrict user 2 for 1 hour\nrestrict user 4 for ever\nlift the restriction of user 3\n\
             lift the restriction of user 5\n4 to change, 1 as desired, 1 ended"
        );
        let json = serde_json::to_string(&plan).expect("it is JSON");
        assert_eq!(serde_json::from_str::<RestrictionPlan>(&json).expect("it is a plan"), plan);
    }

    #[test]
    fn what_was_lifted_or_is_inherited_does_not_count() {
        let mut known = current([1, 2, 3]);
        known[0].game_join_restriction.active = false;
        known[1].game_join_restriction.inherited = Some(true);
        let desired = [(1, Restriction::permanent()), (2, Restriction::permanent())];
        let plan = RestrictionPlan::new(known, desired, true, now()).expect("it is fine");
        assert_eq!(plan.steps.iter().map(RestrictionStep::user_id).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn contradictions_are_refused() {
        let twice = [(1, Restriction::permanent()), (1, Restriction::lasting(Duration::from_secs(1)))];
        let error = RestrictionPlan::new([], twice, false, now()).expect_err("it is a contradiction").to_string();
        assert!(error.contains("user 1"), "{error}");
        let short = [(7, Restriction::lasting(Duration::from_millis(1500)))];
        let error = RestrictionPlan::new([], short, false, now()).expect_err("it isn't a whole second").to_string();
        assert!(error.contains("user 7") && error.contains("1.5s"), "{error}");
    }
}
