//! What came up in an object already. In: positions of fields and of oneofs. Out: whether they are new. Called by `decode` and
//! `load`.

/// The fields and oneofs of a message that came up.
#[derive(Default)]
pub struct Seen {
    /// Positions of fields.
    pub fields: Numbers,
    /// Oneofs.
    pub oneofs: Numbers,
}

/// Small numbers that came up.
#[derive(Default)]
pub struct Numbers {
    few: u128,
    many: Vec<usize>,
}

impl Numbers {
    /// Adds a number; false if it was there.
    pub fn add(&mut self, number: usize) -> bool {
        if number < 128 {
            let bit = 1 << number;
            let new = self.few & bit == 0;
            self.few |= bit;
            return new;
        }
        let new = !self.many.contains(&number);
        self.many.push(number);
        new
    }
}
