//! What a reload applies and what it cannot.

use chainbox_service::settings::{Changes, Settings, Tls};

use super::settings;

fn before() -> Settings {
    settings("data = \"/data\"")
}

#[test]
fn nothing_changes_nothing() {
    assert_eq!(before().changes_to(&before()), Changes::default());
    assert_eq!(before().reloaded_with(&before()), before());
}

#[test]
fn limits_sources_and_the_filter_are_applied_and_listeners_are_not() {
    let after = settings(
        "data = \"/other\"\n\
         grpc.listen = \"off\"\n\
         socket.mode = \"0600\"\n\
         engine.threads = 1\n\
         log = { filter = \"debug\", format = \"json\" }\n\
         gather.time_us_max = 0\n\
         limits.connections_max = 4000\n\
         limits.queue_time_ms_max = 1000\n\
         [[source]]\n\
         name = \"a\"\n\
         users = [\"1\"]\n",
    );
    let changes = before().changes_to(&after);
    assert_eq!(changes.applied, ["limits.queue_time_ms_max", "limits.connections_max", "gather.time_us_max", "log.filter", "source"]);
    assert_eq!(changes.needs_restart, ["data", "grpc.listen", "socket.path", "socket.mode", "engine.threads", "log.format"]);
    let mut wanted = before();
    wanted.limits = after.limits.clone();
    wanted.gather = after.gather.clone();
    wanted.log.filter.clone_from(&after.log.filter);
    wanted.sources.clone_from(&after.sources);
    assert_eq!(before().reloaded_with(&after), wanted);
    // What was applied is applied, and what was not still waits.
    assert_eq!(before().reloaded_with(&after).changes_to(&after), Changes { applied: vec![], needs_restart: changes.needs_restart });
}

#[test]
fn files_of_tls_change_but_not_whether_there_is_tls() {
    let tls = |certificate: &str| {
        Some(Tls { certificate: certificate.into(), key: "/key".into(), client_authorities: Some("/authorities".into()) })
    };
    let (plain, one, two) = (before(), Settings { tls: tls("/1"), ..before() }, Settings { tls: tls("/2"), ..before() });
    assert_eq!(one.changes_to(&two), Changes { applied: vec!["tls.certificate"], needs_restart: vec![] });
    assert_eq!(one.reloaded_with(&two), two);
    let all = vec!["tls.certificate", "tls.key", "tls.client_authorities"];
    assert_eq!(plain.changes_to(&one), Changes { applied: vec![], needs_restart: all.clone() });
    assert_eq!(one.changes_to(&plain), Changes { applied: vec![], needs_restart: all });
    assert_eq!(plain.reloaded_with(&one), plain);
    assert_eq!(one.reloaded_with(&plain), one);
}
