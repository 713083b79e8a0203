//! What somebody who mistyped a name may have meant.

/// Names that are less alike than this are no help to one another.
const LIKENESS_MIN: f64 = 0.3;

/// The known name that is most like this one, by whole names or, for a key in a wrong section, by their last parts.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(name, known);
        let last = strsim::normalized_damerau_levenshtein(last_part(name), last_part(known));
        // A little less than a whole name that is as like.
        whole.max(last * 0.9)
    };
    let best = known.into_iter().map(|known| (likeness(known), known)).max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= LIKENESS_MIN).then_some(best.1)
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["grpc.listen", "limits.message_bytes_max", "limits.items_in_flight_max", "log.filter"];

    #[test]
    fn typing_errors_and_wrong_sections_are_seen_through() {
        for (written, meant) in [
            ("grpc.lisen", "grpc.listen"),
            ("gprc.listen", "grpc.listen"),
            ("limits.messages_bytes_max", "limits.message_bytes_max"),
            ("gather.message_bytes_max", "limits.message_bytes_max"),
            ("filter", "log.filter"),
        ] {
            assert_eq!(nearest(written, KNOWN), Some(meant), "{written}");
        }
        assert_eq!(nearest("qqqqqq", KNOWN), None);
    }
}
