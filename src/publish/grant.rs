//! Permissions for experiences.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::lock::Key;
use super::report::{PublishProblem, PublishProblemKind, Stopped};
use super::state::Run;
use crate::asset::{AssetAction, AssetPermission, PermissionSubject};
use crate::error::ErrorScope;

/// How many assets a request grants permissions for. The service documents no limit.
const MOST_GRANTED: usize = 100;

/// Grants permissions for the assets that don't have them yet.
pub(super) fn grant(run: &mut Run<'_>) {
    let mut refusal: Option<String> = None;
    for universe in &run.settings.grant_to {
        let keys: BTreeSet<&Key> = run.items.iter().map(|item| &item.key).collect();
        let due: Vec<(Key, u64)> = run.record.look(|lock| {
            let entries = keys.iter().filter_map(|key| Some(((*key).clone(), lock.assets.get(*key)?)));
            let due = entries.filter(|(_, entry)| !entry.rejected && !entry.granted.contains(universe));
            due.map(|(key, entry)| (key, entry.id)).collect()
        });
        let permission = AssetPermission::new(PermissionSubject::Universe(*universe), AssetAction::Use);
        for some in due.chunks(MOST_GRANTED) {
            if run.has_stopped() {
                return;
            }
            let client = run.settings.owner.client();
            let mut refused: BTreeMap<u64, String> = BTreeMap::new();
            let mut granted: BTreeSet<u64> = BTreeSet::new();
            let all = |reason: &str| some.iter().map(|(_, id)| (*id, reason.to_owned())).collect::<Vec<_>>();
            let answer = match &refusal {
                Some(reason) => Err(reason.clone()),
                None => client.grant_asset_permissions(&permission, some.iter().map(|(_, id)| *id)).map_err(|error| {
                    let reason = error.to_string();
                    if error.is_unconnected() && error.scope() == ErrorScope::Run {
                        run.stopped = Some(Stopped::Failed(error.clone()));
                    }
                    if error.scope() == ErrorScope::Run {
                        refusal = Some(reason.clone());
                    }
                    reason
                }),
            };
            if run.stopped.is_some() {
                return;
            }
            match answer {
                Ok(answer) => {
                    granted.extend(answer.success_asset_ids.iter().copied());
                    refused.extend(answer.errors.iter().map(|error| {
                        (error.asset_id, error.code.as_ref().map_or_else(String::new, ToString::to_string))
                    }));
                }
                Err(reason) => refused.extend(all(&reason)),
            }
            for (key, id) in some {
                if granted.contains(id) {
                    let _ = run.note(Change::Granted(key.clone(), *universe));
                    continue;
                }
                let reason = refused.get(id).map_or("the service doesn't say why", String::as_str);
                let message = format!("asset {id} was not granted to experience {universe}: {reason}");
                let paths: Vec<String> = run.items_of(key).map(|item| item.file.name.clone()).collect();
                for path in paths {
                    let kind = PublishProblemKind::NotGranted;
                    run.problem(PublishProblem { path, kind, message: message.clone(), error: None });
                }
            }
        }
    }
}
