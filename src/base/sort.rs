//! Sorting where time does not matter: `slice::sort_by` is 8 KB of code for each type and order.

use std::cmp::Ordering;

/// Sorts a list; equal items keep their order.
pub fn sort_by<T>(list: &mut Vec<T>, mut order: impl FnMut(&T, &T) -> Ordering) {
    let mut places: Vec<usize> = (0..list.len()).collect();
    sort_places(&mut places, &mut |one, other| order(&list[one], &list[other]));
    let mut items: Vec<Option<T>> = list.drain(..).map(Some).collect();
    list.extend(places.into_iter().filter_map(|place| items[place].take()));
}

/// The one instance.
fn sort_places(places: &mut [usize], order: &mut dyn FnMut(usize, usize) -> Ordering) {
    places.sort_by(|one, other| order(*one, *other));
}

/// How many bytes of a text are compared as one number.
const HEAD: usize = 7;
/// What follows them if the text goes on; otherwise how many there are.
const MORE: u128 = HEAD as u128 + 1;

/// How many bytes of each text are compared before seven of them are, since all may share them. If
/// that had no bound, texts of which each shares a little less would be compared in full each time.
const AHEAD: usize = 64;

/// Sorts places of texts by their bytes; equal ones in the order of their places. A place is the
/// lower half of a number, of which the upper half is 0. In the result that is 1 for a text that
/// equals the one before.
///
/// Meanwhile it is the next seven bytes of the text. So numbers are compared, and a text is looked
/// at again only if it shares these with another. That is several times faster than comparing
/// texts, which are all over the memory.
pub fn sort_by_bytes<'t>(places: &mut [u128], text: &dyn Fn(u64) -> &'t [u8]) {
    let (mut groups, mut next) = (Vec::new(), Some((0, places.len(), 0)));
    while let Some((start, end, depth)) = next {
        let group = &mut places[start..end];
        let depth = depth + shared_bytes(group, text, depth);
        for place in &mut *group {
            *place = head(text(*place as u64), depth) << 64 | u128::from(*place as u64);
        }
        group.sort_unstable();
        let mut start = start;
        for same in group.chunk_by_mut(|one, other| one >> 64 == other >> 64) {
            let end = start + same.len();
            if same.len() > 1 && same[0] >> 64 & 0xff == MORE {
                groups.push((start, end, depth + HEAD));
            }
            for (n, place) in same.iter_mut().enumerate() {
                *place = u128::from(n > 0) << 64 | u128::from(*place as u64);
            }
            start = end;
        }
        next = groups.pop();
    }
}

/// The next bytes of a text as a number.
fn head(text: &[u8], depth: usize) -> u128 {
    let rest = text.get(depth..).unwrap_or_default();
    let mut head = [0; HEAD + 1];
    head.iter_mut().zip(rest.iter().take(HEAD)).for_each(|(to, from)| *to = *from);
    head[HEAD] = rest.len().min(HEAD + 1) as u8;
    u64::from_be_bytes(head).into()
}

/// How many bytes all texts share behind the first ones, as far as [`AHEAD`].
fn shared_bytes<'t>(places: &[u128], text: &dyn Fn(u64) -> &'t [u8], depth: usize) -> usize {
    let rest = |place: &u128| text(*place as u64).get(depth..).unwrap_or_default();
    let Some((first, others)) = places.split_first() else { return 0 };
    let mut shared = rest(first);
    shared = shared.get(..AHEAD).unwrap_or(shared);
    for place in others {
        let same = shared.iter().zip(rest(place)).take_while(|(one, other)| one == other).count();
        shared = &shared[..same];
        if same == 0 {
            break;
        }
    }
    shared.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn what_texts_share_is_looked_for_as_far_as_the_bound() {
        let texts = ["a".repeat(2 * AHEAD), "a".repeat(2 * AHEAD - 1)];
        let shared =
            |depth| shared_bytes(&[0, 1], &|place| texts[place as usize].as_bytes(), depth);
        assert_eq!([0, AHEAD, AHEAD + 1, 2 * AHEAD].map(shared), [AHEAD, AHEAD - 1, AHEAD - 2, 0]);
    }

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library(list: Vec<(u8, u8)>) {
            let (mut sorted, mut expected) = (list.clone(), list);
            sort_by(&mut sorted, |one, other| one.0.cmp(&other.0));
            expected.sort_by_key(|item| item.0);
            prop_assert_eq!(sorted, expected);
        }

        #[test]
        fn texts_are_sorted_by_their_bytes(
            texts in vec("(aaaaaaa|bbbbbbbb|\x00|\u{ff}|a){0,5}", 0..40)
        ) {
            let mut places: Vec<u128> = (0..texts.len() as u128).collect();
            sort_by_bytes(&mut places, &|place| texts[place as usize].as_bytes());
            let mut expected: Vec<usize> = (0..texts.len()).collect();
            expected.sort_by_key(|place| texts[*place].as_bytes());
            for (n, place) in places.iter().enumerate() {
                prop_assert_eq!(*place as u64, expected[n] as u64);
                let same = n > 0 && texts[expected[n]] == texts[expected[n - 1]];
                prop_assert_eq!(place >> 64, u128::from(same));
            }
        }
    }
}
