//! The policies that a command applies.

use std::path::Path;

use super::CommandError;
use crate::files::{self, PolicyFiles};
use crate::policy::PolicySet;

/// The policies of a folder, and the folder to watch; without a folder the policies that are shipped.
pub(super) fn load(folder: Option<&Path>) -> Result<(Option<PolicyFiles>, PolicySet), CommandError> {
    match folder {
        Some(folder) => {
            PolicyFiles::load(folder).map(|(files, policies)| (Some(files), policies)).map_err(CommandError::input)
        }
        None => files::embedded().map(|policies| (None, policies)).map_err(CommandError::failed),
    }
}
