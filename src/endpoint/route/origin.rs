//! Which API a route comes from.

use super::Route;

/// The API that a route was first part of. go-httpbin has most of httpbin's routes too; they
/// count as httpbin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// httpbin.
    Httpbin,
    /// go-httpbin, which added it to those of httpbin.
    GoHttpbin,
    /// This program: neither of the two has it.
    Loiter,
}

impl Origin {
    /// Its name, as the page and the API's description show it.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Httpbin => "httpbin",
            Origin::GoHttpbin => "go-httpbin",
            Origin::Loiter => "loiter",
        }
    }

    /// A group's routes; those that name no other origin come from this one.
    pub(in crate::endpoint) const fn of<const N: usize>(
        self,
        mut routes: [Route; N],
    ) -> [Route; N] {
        let mut row = 0;
        while row < N {
            if routes[row].origin.is_none() {
                routes[row].origin = Some(self);
            }
            row += 1;
        }
        routes
    }
}
