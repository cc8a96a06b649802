//! Messages of which wire bytes are still to be read, and values of slots.
//!
//! An empty slot holds the field's default, or, as long as the message has bytes to be read, what these say.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::memory::layout::compares_as_message;
use crate::memory::slot::{Slot, Slots, Word};
use crate::message::header::Message;
use crate::python::growth;
use crate::python::limits::STACK_LEVELS;
use crate::schema::message::Plan;
use crate::wire::Reader;

/// In the number where the bytes to be read end: they are known to be those that writing gives once they have been read.
const CANONICAL: u32 = 1 << 31;

/// In the number where they start: nothing but lists of numbers is still to be read from them. If they are canonical, too, they hold
/// nothing else.
const NUMBERS: u32 = 1 << 31;

/// Where bytes of a length end, if they can be left for later.
pub fn end_of(length: usize) -> Option<u32> {
    u32::try_from(length)
        .ok()
        .filter(|end| end & CANONICAL == 0)
}

impl<'a, 'py> Message<'a, 'py> {
    /// `value` as a message of the very class of `plan`; `None` when it is something else.
    #[inline]
    pub fn exactly(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Option<Self> {
        Self::of_class(value.as_borrowed(), &plan.class)
    }

    /// Plan and slots if the message has been looked at and read.
    #[inline]
    pub fn filled(self) -> Option<(&'a Plan, Slots<'a>)> {
        if self.is_pending() {
            return None;
        }
        Some((self.known_plan()?, self.slots()))
    }

    /// The wire bytes that empty slots are still to be read from, and where they start and end.
    #[inline]
    pub fn pending(self) -> Option<(Bound<'py, PyBytes>, usize, usize)> {
        let data = self.data().get(self.object().py())?;
        let (start, end) = self.range();
        let (start, end) = (start.get() & !NUMBERS, end.get() & !CANONICAL);
        Some((data.cast_into().ok()?, start as usize, end as usize))
    }

    /// Whether the bytes to be read are known to be canonical.
    pub fn is_canonical(self) -> bool {
        self.range().1.get() & CANONICAL != 0
    }

    /// Notes that the bytes to be read are canonical.
    pub fn set_canonical(self) {
        let end = self.range().1;
        end.set(end.get() | CANONICAL);
    }

    /// Whether empty slots are still to be read from wire bytes.
    #[inline]
    pub fn is_pending(self) -> bool {
        !self.data().is_empty()
    }

    /// Whether nothing but lists of numbers is still to be read.
    #[inline]
    pub fn only_numbers_pend(self) -> bool {
        self.is_pending() && self.range().0.get() & NUMBERS != 0
    }

    /// The same when the bytes to be read hold nothing else and are canonical.
    #[inline]
    pub fn holds_arrays(self) -> bool {
        self.only_numbers_pend() && self.is_canonical()
    }

    /// Notes that of the bytes to be read only lists of numbers are; `alone` when there is nothing else in them, and they are
    /// canonical.
    pub fn set_numbers(self, alone: bool) {
        let (start, end) = self.range();
        start.set(start.get() | NUMBERS);
        let canonical = if alone { CANONICAL } else { 0 };
        end.set(end.get() & !CANONICAL | canonical);
    }

    /// The same when nothing has been read of the message, or written to it.
    pub fn untouched(self, plan: &Plan) -> Option<(Bound<'py, PyBytes>, usize, usize)> {
        if self.only_numbers_pend() && (!self.is_canonical() || plan.shape.required > 0) {
            // The bytes say what was read, too, or nobody has looked for required fields.
            return None;
        }
        let slots = self.slots();
        self.pending()
            .filter(|_| slots.each(&plan.offsets).all(|((), slot)| slot.is_empty()))
    }

    /// The records of the bytes to be read.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn records(self) -> PyResult<Option<Records<'py>>> {
        let Some((data, start, end)) = self.pending() else {
            return Ok(None);
        };
        let mut all: Vec<(u32, Range<usize>)> = Vec::new();
        let mut reader = Reader::new(data.as_bytes(), start, end);
        while !reader.at_end() {
            let start = reader.pos;
            let Ok(tag) = reader.tag() else {
                return Ok(None);
            };
            if reader.skip(tag, STACK_LEVELS).is_err() {
                return Ok(None);
            }
            match all.last_mut() {
                Some((number, range)) if *number == tag >> 3 => range.end = reader.pos,
                _ => growth::push(&mut all, (tag >> 3, start..reader.pos))?,
            }
        }
        Ok(Some(Records { data, all }))
    }

    /// Lets the empty slots of a new message hold what `data[start..end]` says, which has been checked. `end` is one that
    /// `end_of` gave, or lies before such a one.
    pub fn postpone(self, data: &Bound<'py, PyBytes>, start: u32, end: u32) {
        let old = self
            .data()
            .replace(data.py(), Some(data.clone().into_any()));
        let range = self.range();
        range.0.set(start);
        range.1.set(end);
        drop(old);
    }

    /// Lets the empty slots of a new message hold what those of another one hold.
    pub fn postpone_as(self, other: Message<'_, 'py>) {
        if let Some((data, start, end)) = other.pending() {
            self.postpone(&data, start as u32, end as u32);
            if other.is_canonical() {
                self.set_canonical();
            }
            if other.only_numbers_pend() {
                self.set_numbers(other.is_canonical());
            }
        }
    }

    /// Whether `==` of the message ends in `equal::equal`, because no class has an `__eq__` of its own.
    pub fn compares_itself(self) -> bool {
        compares_as_message(&self.object())
    }

    /// Whether `copy.deepcopy` of the message ends in `copy::deepcopy`, because no class has a `__deepcopy__` of its own.
    pub fn copies_itself(self) -> bool {
        self.plan().is_ok_and(|plan| plan.copies_itself)
    }

    /// Takes over what was read from `data`: fills the slots that are still empty. `numbers_pend`: there are lists of numbers that
    /// were not read.
    pub fn adopt(
        self,
        plan: &Plan,
        frame: &mut Frame<'py>,
        data: &Bound<'py, PyBytes>,
        numbers_pend: bool,
    ) {
        let is_same = |held: Bound<'py, PyAny>| held.is(data);
        if self.data().get(data.py()).is_some_and(is_same) {
            let py = frame.py;
            let mut left = false;
            for ((), mine, theirs) in self.slots().each_pair(frame.slots(), &plan.offsets) {
                if theirs.is_empty() {
                    continue;
                }
                if mine.is_empty() {
                    mine.replace(py, theirs.replace(py, None));
                } else {
                    left = true;
                }
            }
            if !left {
                frame.used = 0;
            }
            if numbers_pend {
                self.set_numbers(false);
                return;
            }
            // It may run code of Python's when it is released: last.
            drop(self.data().replace(py, None));
        }
    }
}

/// Wire bytes in records by number: those of one number come one after the other.
pub struct Records<'py> {
    data: Bound<'py, PyBytes>,
    all: Vec<(u32, Range<usize>)>,
}

impl Records<'_> {
    /// Number and bytes of the records of each field, by number.
    pub fn each(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let bytes = |range: &Range<usize>| self.data.as_bytes().get(range.clone());
        self.all
            .iter()
            .map(move |(number, range)| (*number, bytes(range).unwrap_or_default()))
    }

    /// The records of a field, with which those of all higher numbers go.
    pub fn last_of(&mut self, number: u32) -> &[u8] {
        while self.all.last().is_some_and(|(last, _)| *last > number) {
            self.all.pop();
        }
        match self.all.last() {
            Some((last, range)) if *last == number => {
                let found = self.data.as_bytes().get(range.clone());
                found.unwrap_or_default()
            }
            _ => &[],
        }
    }
}

/// Words that fit on the stack.
const FRAME: usize = 40;

/// Slots as those of a message, which nobody else sees.
pub struct Frame<'py> {
    py: Python<'py>,
    stack: [Word; FRAME],
    heap: Vec<Word>,
    used: usize,
}

impl<'py> Frame<'py> {
    /// Empty slots for messages of a class.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn new(py: Python<'py>, plan: &Plan) -> PyResult<Self> {
        let used = plan.class.words();
        let mut heap = Vec::new();
        if used > FRAME {
            heap.try_reserve_exact(used)
                .map_err(growth::out_of_memory)?;
            heap.resize_with(used, Word::empty);
        }
        Ok(Self {
            py,
            stack: [const { Word::empty() }; FRAME],
            heap,
            used,
        })
    }

    fn words(&self) -> &[Word] {
        let all = if self.heap.is_empty() {
            &self.stack[..]
        } else {
            &self.heap
        };
        all.get(..self.used).unwrap_or_default()
    }

    /// The slots.
    pub fn slots(&self) -> Slots<'_> {
        Slots::new(self.words())
    }
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        for word in self.words() {
            drop(Slot::of(word).replace(self.py, None));
        }
    }
}
