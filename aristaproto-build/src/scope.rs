//! One Python scope (a module, the body of a class, a folder): which names it holds and who holds them. In: names as
//! [`crate::naming`] spells them. Out: names of which no two are the same. [`crate::resolve`] has one for each scope.

use crate::lookup::Lookup;

/// So many underscores are tried before a number: more would be hard to count, and names of `n` underscores for the `n`th of
/// many thousands would be most of the output.
const UNDERSCORES: usize = 8;

/// The names of a scope.
#[derive(Debug)]
pub(crate) struct Scope<T> {
    holders: Lookup<String, T>,
    /// For a name that many wanted, how often another one was tried in its place.
    tries: Lookup<String, usize>,
}

impl<T> Scope<T> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            holders: Lookup::with_capacity(capacity),
            tries: Lookup::with_capacity(0),
        }
    }

    /// Takes `name` for `owner`.
    ///
    /// # Errors
    ///
    /// Who has the name already.
    pub(crate) fn take(&mut self, name: &str, owner: T) -> Result<(), &T> {
        let before = self.holders.insert(name.to_owned(), owner);
        before.map_or(Ok(()), Err)
    }
}

impl<T: Clone + PartialEq> Scope<T> {
    /// Takes `name` for `owner`, or what `spell` makes of it with underscores after it, as many as it takes; after
    /// [`UNDERSCORES`] of them, with a number. Gives the name that was free, and who had the first one.
    pub(crate) fn take_free(
        &mut self,
        name: String,
        owner: &T,
        spell: impl Fn(&str) -> String,
    ) -> (String, Option<T>) {
        let first = match self.take(&name, owner.clone()) {
            Err(holder) if holder != owner => holder.clone(),
            _ => return (name, None),
        };
        let mut tried = self.tries.get(&name).copied().unwrap_or(0);
        let free = loop {
            tried += 1;
            let next = spell(&numbered(&name, tried));
            if self.take(&next, owner.clone()).is_ok() {
                break next;
            }
        };
        // What was taken once stays taken.
        self.tries.set(name, tried);
        (free, Some(first))
    }
}

/// The `count`th other name in place of one that is taken.
pub(crate) fn numbered(name: &str, count: usize) -> String {
    if count > UNDERSCORES {
        format!("{name}_{count}")
    } else {
        name.to_owned() + &"_".repeat(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naming::member_name;

    #[test]
    fn a_scope_tells_who_came_first() {
        let mut scope = Scope::with_capacity(2);
        assert_eq!(scope.take("FooBar", 1), Ok(()));
        assert_eq!(scope.take("Foo", 2), Ok(()));
        assert_eq!(scope.take("FooBar", 3), Err(&1));
    }

    #[test]
    fn who_comes_later_gets_underscores() {
        let mut scope = Scope::with_capacity(4);
        assert_eq!(scope.take("_a", 1), Ok(()));
        // `_a_` is no member of an enum.
        let renamed = scope.take_free("_a".to_owned(), &2, member_name);
        assert_eq!(renamed, ("_a__".to_owned(), Some(1)));
        let kept = scope.take_free("_a".to_owned(), &1, member_name);
        assert_eq!(kept, ("_a".to_owned(), None));
        let free = scope.take_free("b".to_owned(), &3, member_name);
        assert_eq!(free, ("b".to_owned(), None));
    }

    #[test]
    fn names_that_many_want_stay_short_and_differ() {
        let mut scope = Scope::with_capacity(4);
        assert_eq!(scope.take("a_10", 0), Ok(()));
        let mut names: Vec<String> = (1..20_000)
            .map(|owner| scope.take_free("a".to_owned(), &owner, str::to_owned).0)
            .collect();
        assert_eq!(names[..3], ["a", "a_", "a__"]);
        assert_eq!(names[8..11], ["a________", "a_9", "a_11"]);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 19_999);
        assert!(names.iter().all(|name| name.len() <= 9));
    }
}
