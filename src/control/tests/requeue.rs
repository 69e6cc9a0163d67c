use super::*;

fn refused(code: u16) -> Answer {
    let status = json!({"status": "Failure", "message": "because", "code": code});
    Answer::from_error(&kube::Error::Api(serde_json::from_value(status).unwrap()))
}

#[test]
fn a_pod_that_is_gone_or_replaced_needs_no_requeue() {
    for code in [404, 409] {
        assert_eq!(refused(code), Answer::Gone, "{code}");
    }
}

#[test]
fn a_write_is_tried_again_unless_the_api_server_would_refuse_it_again() {
    for (code, retry) in [(403, false), (422, false), (429, true), (500, true), (503, true)] {
        assert_eq!(refused(code), Answer::Failed { problem: "because".to_owned(), retry }, "{code}");
    }
    let unreachable = Answer::from_error(&kube::Error::TlsRequired);
    assert!(matches!(unreachable, Answer::Failed { retry: true, .. }), "{unreachable:?}");
}
