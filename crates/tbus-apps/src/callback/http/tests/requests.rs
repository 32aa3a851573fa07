//! Requests that are right, and their answers.

use super::*;

const START: &str = "/genesys/1/service/callback/default";

fn states(http: &Http, query: &str) -> Vec<(String, String)> {
    let (status, answer) = http.get(&format!("/genesys/1/service/callback?{query}"));
    assert_eq!(status, 200, "{answer}");
    let text = |record: &Json, key: &str| record[key].as_str().unwrap_or("-").to_owned();
    answer
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (text(record, "_callback_state"), text(record, "_callback_reason")))
        .collect()
}

#[track_caller]
fn is(http: &Http, state: &str, reason: &str) {
    assert_eq!(states(http, &format!("_id={ID}")), [(state.to_owned(), reason.to_owned())]);
}

#[test]
fn a_callback_from_its_start_to_its_end() {
    let http = Http::new(Options::default());
    let form = "_customer_number=%2B1+800+555+0100&_cb_dim_channel=IVR&first_name=Ada";
    let (status, answer) = http.post(START, form);
    let expected = json!({
        "_id": ID,
        "_action": "ConfirmationDialog",
        "_dialog_id": "0",
        "_text": "You will receive the call shortly",
        "_ok_title": "Ok",
    });
    assert_eq!((status, answer), (200, expected));
    let (_, records) = http.get(&format!("/genesys/1/service/callback?_id={ID}"));
    let session = records[0]["_ors_session_id"].as_str().unwrap().to_owned();
    assert_eq!(session.len(), 32);
    let expected = json!([{
        "_id": ID,
        "_desired_time": "2030-01-01T10:00:00.000Z",
        "_service_name": "default",
        "_callback_state": "QUEUED",
        "_expiration_time": "2030-01-02T10:00:00.000Z",
        "_customer_number": "+1 800 555 0100",
        "_url": format!("{START}/{ID}"),
        "_ors_session_id": session,
    }]);
    assert_eq!(records, expected);
    let position = |http: &Http| http.get(&format!("/genesys/1/service/{ID}/check-queue-position")).1;
    assert_eq!(position(&http), json!({"_id": ID, "position": 1, "total": 1, "ewt": 8}));
    let watermark = |http: &Http| http.get("/genesys/1/admin/callback/watermarks?service_name=default").1;
    assert_eq!(watermark(&http), json!({"services": {"default": 1}, "total": 1}));

    http.until(NOW + 2);
    is(&http, "QUEUED", "-");
    http.until(NOW + 8);
    is(&http, "ROUTING", "-");
    assert_eq!(position(&http)["position"], 0);
    http.until(NOW + 15);
    is(&http, "PROCESSING", "-");
    assert_eq!(watermark(&http)["total"], 1);
    http.until(NOW + 18);
    is(&http, "COMPLETED", "AGENT_CONNECTED");
    assert_eq!(watermark(&http)["total"], 0);
    // Its record is kept for _ttl, and then gone.
    http.until(NOW + 86_399);
    is(&http, "COMPLETED", "AGENT_CONNECTED");
    http.until(NOW + 86_400);
    assert_eq!(states(&http, &format!("_id={ID}")), []);
}

#[test]
fn a_scheduled_one_is_moved_and_cancelled() {
    let http = Http::new(Options::default());
    let body = json!({"_customer_number": 8005550100_u64, "_desired_time": "2030-01-01T12:00:00Z"});
    let (status, answer) = http.post_json(START, &body);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["_text"], "You will receive the call at 2030-01-01T12:00:00.000Z");
    is(&http, "SCHEDULED", "-");
    let free = |http: &Http, time: &str| {
        http.get(&format!("{START}/availability?timestamp={time}&max-time-slots=1")).1
    };
    assert_eq!(free(&http, "2030-01-01T12:01:00Z"), json!({"2030-01-01T12:00:00.000Z": 99}));
    let (status, record) = http.request(
        "PUT",
        &format!("{START}/{ID}"),
        "application/json",
        br#"{"_customer_number":"8005550100","_new_desired_time":"2030-01-01T13:00:00.000Z","colour":"red"}"#,
    );
    assert_eq!(
        (status, record["_desired_time"].as_str()),
        (200, Some("2030-01-01T13:00:00.000Z")),
        "{record}"
    );
    assert_eq!(free(&http, "2030-01-01T12:00:00Z"), json!({"2030-01-01T12:00:00.000Z": 100}));
    assert_eq!(free(&http, "2030-01-01T13:00:00Z"), json!({"2030-01-01T13:00:00.000Z": 99}));
    http.until(NOW + 3 * 3600 - 1);
    is(&http, "SCHEDULED", "-");
    http.until(NOW + 3 * 3600);
    is(&http, "QUEUED", "-");
    let (status, answer) = http.request("DELETE", &format!("{START}/{ID}"), "", b"");
    assert_eq!((status, answer), (200, json!({"_id": ID})));
    is(&http, "COMPLETED", "CANCELLED");
}

#[test]
fn answers_for_customers_who_call_themselves() {
    let text = "[service.x]\n_call_direction = USERORIGINATED\n_route_point = 8999@SIP_Switch\n_ttl = 60\n";
    let (options, _) = Options::read("x", text.as_bytes()).unwrap();
    let http = Http::new(options);
    let (status, answer) = http.post("/genesys/1/service/callback/x", "_customer_number=1");
    let expected = json!({
        "_id": ID,
        "_action": "DialNumber",
        "_access_number": "8999",
        "_tel_url": "tel:8999",
        "_expiration_time": "2030-01-01T10:01:00.000Z",
    });
    assert_eq!((status, answer), (200, expected));
    let (_, answer) = http.post("/genesys/1/service/callback/x", "_customer_number=1&_media_type=chat");
    assert_eq!(answer["_action"], "StartChat");
}

#[test]
fn the_calls_of_administrators() {
    let http = Http::with_callback();
    let (_, second) = http.post(START, "_customer_number=8005550101&_desired_time=2030-01-02T09:00:00Z");
    let second = second["_id"].as_str().unwrap().to_owned();
    let (_, queues) = http.get("/genesys/1/admin/callback/queues");
    let found = |queues: &Json| queues["default"].as_array().unwrap().len();
    assert_eq!(found(&queues), 2);
    for (query, count) in [
        ("states=SCHEDULED", 1),
        ("states=QUEUED,SCHEDULED", 2),
        ("states=COMPLETED", 0),
        ("max=1", 1),
        ("end_time=2030-01-01T12:00:00Z", 1),
        ("start_time=2030-01-01T12:00:00Z", 1),
        ("_callback_state=QUEUED&target=default", 1),
    ] {
        let (_, queues) = http.get(&format!("/genesys/1/admin/callback/queues?{query}"));
        assert_eq!(found(&queues), count, "{query}: {queues}");
    }
    let body = json!({"reason": "CANCELLED_BY_ADMIN", "ids": [ID, second, "1-2"]});
    let (status, answer) = http.post_json("/genesys/1/admin/callback/cancel", &body);
    assert_eq!((status, &answer["cancelled"]), (200, &json!([ID, second])));
    assert_eq!(answer["refused"][0]["phrase"], "NOT_FOUND");
    is(&http, "COMPLETED", "CANCELLED_BY_ADMIN");
    let body =
        json!({"callback_reason": "CANCELLED_BY_ADMIN", "exported_properties": ["_service_id", "none"]});
    let (_, report) = http.post_json("/genesys/1/admin/callback/reportcancelled", &body);
    assert_eq!(report, json!([{"_service_id": ID}, {"_service_id": second}]));
    assert_eq!(http.post_json("/genesys/1/admin/callback/reportcancelled", &json!({})).1, json!([]));
    let two = "/genesys/1/admin/callback/watermarks?service_name=default&service_name=default";
    assert_eq!(http.get(two).1["total"], 0);
}

#[test]
fn queries_by_number_service_and_lookup_keys() {
    let text = "[service.x]\n_customer_lookup_keys = _customer_number, e_mail\n[service.y]\n_rep_userevent_enable=false\n";
    let http = Http::new(Options::read("x", text.as_bytes()).unwrap().0);
    http.post("/genesys/1/service/callback/x", "_customer_number=1&e_mail=a@example.com&colour=red");
    http.post("/genesys/1/service/callback/x", "_customer_number=2&e_mail=b@example.com");
    http.post("/genesys/1/service/callback/y", "_customer_number=1");
    let count = |path: &str| http.get(path).1.as_array().unwrap().len();
    assert_eq!(count("/genesys/1/service/callback?_customer_number=1"), 2);
    assert_eq!(count("/genesys/1/service/callback?_customer_number=1&_callback_state=QUEUED"), 2);
    assert_eq!(count("/genesys/1/service/callback?_customer_number=1&_callback_state=COMPLETED"), 0);
    assert_eq!(count("/genesys/1/service/callback/x"), 2);
    assert_eq!(count("/genesys/1/service/callback/x?_customer_number=1"), 1);
    assert_eq!(count("/genesys/1/service/callback?e_mail=b%40example.com"), 1);
    let (_, found) = http.get("/genesys/1/service/callback?e_mail=a@example.com");
    assert_eq!(found[0]["e_mail"], "a@example.com");
    assert!(found[0]["colour"].is_null(), "only lookup keys are shown: {found}");
    assert_eq!(http.get("/").1, json!({"services": ["x", "y"], "description": "/openapi.json"}));
}
