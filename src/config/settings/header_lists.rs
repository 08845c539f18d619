//! Named lists of request header fields, for `--exclude-headers @cloudflare`: what infrastructure
//! adds to a request that passes it, as its operators document it.

use super::items;
use crate::base::text::nearest;
use crate::config::values::BadValue;

/// Each list by its name, in alphabetical order. No list has a field that clients send themselves.
const LISTS: [(&str, &str); 7] = [
    ("aws", "x-amzn-*,x-amz-cf-*,cloudfront-*"),
    (
        "azure",
        "x-azure-*,x-fd-*,x-arr-*,x-appgw-*,x-appservice-*,x-site-deployment-id,x-waws-*,client-ip,\
         disguised-host,was-default-hostname,x-original-host,x-original-url",
    ),
    ("cloudflare", "cf-*,cdn-loop,true-client-ip"),
    ("fly", "fly-*"),
    ("google", "x-cloud-trace-context,x-appengine-*,x-google-*,x-gclb-*,x-client-geo-*"),
    (
        "kubernetes",
        "x-envoy-*,x-b3-*,x-request-id,x-scheme,x-original-forwarded-for,x-original-uri",
    ),
    (
        "proxies",
        "forwarded,via,x-forwarded,x-forwarded-*,x-real-ip,x-client-ip,x-cluster-client-ip,\
         x-request-id,x-request-start,x-varnish",
    ),
];
/// All of them.
const ALL: &str = "all";

/// The fields of the list of this name.
pub(super) fn fields(name: &str) -> Result<impl Iterator<Item = &'static str>, BadValue> {
    let name = name.to_ascii_lowercase();
    let is_known = name == ALL || LISTS.iter().any(|(known, _)| *known == name);
    if !is_known {
        return Err(unknown(&name));
    }
    let lists = LISTS.iter().filter(move |(known, _)| name == ALL || *known == name);
    Ok(lists.flat_map(|(_, fields)| items(fields)))
}

fn unknown(name: &str) -> BadValue {
    let names = || LISTS.iter().map(|(known, _)| *known).chain([ALL]);
    let advice = match nearest(name, names(), &[]) {
        Some(known) => format!("did you mean @{known}?"),
        None => format!("there are @{}", names().collect::<Vec<_>>().join(", @")),
    };
    BadValue::new(format!("there is no list `@{name}`")).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::pattern::matches;

    fn has(list: &str, field: &str) -> bool {
        let mut fields = fields(list).expect("it is known");
        fields.any(|pattern| matches(pattern.as_bytes(), field.as_bytes(), |a, b| a == b))
    }

    #[test]
    fn lists_have_what_their_infrastructure_adds() {
        for (list, field) in [
            ("aws", "x-amzn-trace-id"),
            ("aws", "cloudfront-viewer-country"),
            ("azure", "x-azure-ref"),
            ("azure", "x-arr-log-id"),
            ("Cloudflare", "cf-ray"),
            ("cloudflare", "cdn-loop"),
            ("fly", "fly-client-ip"),
            ("google", "x-cloud-trace-context"),
            ("kubernetes", "x-envoy-expected-rq-timeout-ms"),
            ("proxies", "x-forwarded-for"),
            ("proxies", "forwarded"),
            ("all", "cf-ray"),
            ("ALL", "via"),
        ] {
            assert!(has(list, field), "{list} {field}");
        }
        assert!(!has("fly", "cf-ray"));
    }

    #[test]
    fn no_list_has_what_clients_send_themselves() {
        for field in [
            "host",
            "accept",
            "user-agent",
            "authorization",
            "cookie",
            "content-type",
            "origin",
            "referer",
            "traceparent",
            "x-amz-date",
            "x-amz-target",
            "x-goog-api-key",
            "x-ms-version",
            "x-requested-with",
            "x-custom",
        ] {
            assert!(!has("all", field), "{field}");
        }
    }

    #[test]
    fn another_name_is_refused_with_the_known_ones() {
        let said = |name: &str| fields(name).err().map(|bad| bad.to_string());
        let near = said("cloudflair").expect("it is unknown");
        assert!(near.contains("`@cloudflair`") && near.ends_with("@cloudflare?"), "{near}");
        let far = said("heroku").expect("it is unknown");
        assert!(far.contains("@aws, @azure, @cloudflare, @fly, @google, @kubernetes"), "{far}");
        assert!(LISTS.is_sorted());
    }

    #[test]
    fn the_lists_are_documented() {
        let manual = include_str!("../../../config/README.md");
        for (name, list) in LISTS {
            let quoted: Vec<String> = items(list).map(|field| format!("`{field}`")).collect();
            let row = format!("\n| `@{name}` | {} |\n", quoted.join(", "));
            assert!(manual.contains(&row), "{row}");
        }
    }
}
