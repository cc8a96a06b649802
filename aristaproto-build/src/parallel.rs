//! Work on many things at once, on as many threads as the machine has cores. Each stage uses it where its files do not
//! depend on each other; the results come in the order of the items, so that nothing that is generated depends on threads.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Fewer items than these are not worth a thread.
const WORTH_A_THREAD: usize = 8;

/// `work` of each item, in the items' order.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut done = Vec::with_capacity(items.len());
    for_each(items, work, |result| done.push(result));
    done
}

/// Gives `work` of each item to `take`, in the items' order, while others are still worked on.
pub(crate) fn for_each<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = cores.min(items.len() / WORTH_A_THREAD);
    if threads < 2 {
        return items.iter().map(work).for_each(take);
    }
    // Items differ much in size, so each thread takes the next one when it is done with one.
    let next = AtomicUsize::new(0);
    let take_turns = |done: mpsc::Sender<(usize, R)>| loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(item) = items.get(index) else {
            return;
        };
        if done.send((index, work(item))).is_err() {
            return;
        }
    };
    thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        let others: Vec<_> = (0..threads)
            .map(|_| {
                let sender = sender.clone();
                scope.spawn(|| take_turns(sender))
            })
            .collect();
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (index, result) in done {
            early.insert(index, result);
            while let Some(result) = early.remove(&due) {
                take(result);
                due += 1;
            }
        }
        for other in others {
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, WORTH_A_THREAD * 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), expected);
        }
    }
}
