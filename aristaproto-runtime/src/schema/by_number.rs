//! What belongs to the numbers of an enum.

/// Values by number: those of small numbers in a table, the others in order.
pub struct ByNumber<T> {
    small: Vec<Option<T>>,
    others: Vec<(i32, T)>,
}

/// Numbers below this are looked up in the table.
const SMALL: usize = 256;

impl<T> FromIterator<(i32, T)> for ByNumber<T> {
    fn from_iter<I: IntoIterator<Item = (i32, T)>>(items: I) -> Self {
        let (mut small, mut others) = (Vec::new(), Vec::new());
        for (number, value) in items {
            match usize::try_from(number) {
                Ok(index @ ..SMALL) => {
                    if small.len() <= index {
                        small.resize_with(index + 1, || None);
                    }
                    small[index] = Some(value);
                }
                _ => others.push((number, value)),
            }
        }
        others.sort_by_key(|(number, _)| *number);
        Self { small, others }
    }
}

impl<T> ByNumber<T> {
    /// The value of a number.
    #[inline]
    pub fn get(&self, number: i32) -> Option<&T> {
        match usize::try_from(number).map(|index| self.small.get(index)) {
            Ok(Some(found)) => found.as_ref(),
            _ => self.other(number),
        }
    }

    #[inline(never)]
    fn other(&self, number: i32) -> Option<&T> {
        let found = self.others.binary_search_by_key(&number, |(it, _)| *it);
        self.others.get(found.ok()?).map(|(_, value)| value)
    }

    /// All values.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        let others = self.others.iter().map(|(_, value)| value);
        self.small.iter().flatten().chain(others)
    }
}
