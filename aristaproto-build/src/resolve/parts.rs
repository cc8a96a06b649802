//! Last pass: a module that is too large for pyright gets parts. In: the model, with all names taken. Out: the parts of the
//! few modules that need them, each with some of the module's messages and enums.
//!
//! pyright counts what its code flow analysis would have to follow in a module, a fortieth for each name that is assigned,
//! each annotation and each call, and gives up at 768 ("Code is too complex to analyze"): the module has an error, and whoever
//! uses its classes gets unknown types. mypy has no such limit.

use super::{Owner, Resolver};
use crate::model::{ModuleId, Part};

/// What the types of a module may weigh, in fortieths. The rest of 768 is for what stays in the package's own module and is not
/// counted here: services, extensions, and an import for each type. Of google.cloud.compute, the largest API that is known,
/// these weigh 227.
const LIMIT: usize = 500 * 40;

/// A class, or the member of an enum: a name.
const NAME: usize = 1;
/// A field: a name, its annotation, and the call of `aristaproto.field`.
const FIELD: usize = 3;

impl Resolver<'_> {
    pub(super) fn parts(&mut self) {
        for index in 0..self.model.modules.len() {
            let id = ModuleId(index);
            if !self.model.module(id).is_generated() {
                continue;
            }
            let mut parts = self.split(id);
            if parts.len() < 2 {
                continue;
            }
            for (number, part) in (1..).zip(&mut parts) {
                part.name = format!("_part{number}");
                let owner = || Owner {
                    what: format!("part {number} of the module"),
                    place: None,
                };
                // Nobody names a part, so that there is nothing to warn of when something else has its name.
                while self.scopes[id.0].take(&part.name, owner()).is_err() {
                    part.name.push('_');
                }
            }
            self.model.modules[index].parts = parts;
        }
    }

    /// The types of a module in their order, each part as full as may be.
    fn split(&self, id: ModuleId) -> Vec<Part> {
        let module = self.model.module(id);
        let mut parts = vec![Part::default()];
        let mut weight = 0;
        let mut room = |parts: &mut Vec<Part>, more: usize| {
            if weight > 0 && weight + more > LIMIT {
                parts.push(Part::default());
                weight = 0;
            }
            weight += more;
            parts.len() - 1
        };
        for &id in &module.enums {
            let members = self.model.enumeration(id).members.len();
            let part = room(&mut parts, NAME + NAME * members);
            parts[part].enums.push(id);
        }
        for &id in &module.messages {
            let fields = self.model.message(id).fields.len();
            let part = room(&mut parts, NAME + FIELD * fields);
            parts[part].messages.push(id);
        }
        parts
    }
}
