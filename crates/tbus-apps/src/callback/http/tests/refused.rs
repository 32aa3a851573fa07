//! Requests that are wrong, and what is said about them.

use super::*;
use crate::callback::params::VALUE_LIMIT;

const START: &str = "/genesys/1/service/callback/default";
const FORM: &str = "application/x-www-form-urlencoded";

#[track_caller]
fn refused((status, answer): (u16, Json), expected: u16, phrase: &str, part: &str) {
    assert_eq!((status, answer["phrase"].as_str()), (expected, Some(phrase)), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains(part), "{part} is not in {answer}");
    assert!(answer["exception"].as_str().unwrap().ends_with("Exception"), "{answer}");
    assert_eq!(answer.as_object().unwrap().len(), 3, "{answer}");
}

/// The machine as if nothing had been asked.
#[track_caller]
fn untouched(http: &Http) {
    assert_eq!(http.shared.machine().open_callbacks(), 0);
}

#[test]
fn bodies_that_cannot_be_read() {
    let http = Http::new(Options::default());
    let json = |body: &[u8]| http.request("POST", START, "application/json", body);
    let bad = |answer, part: &str| refused(answer, 400, "BAD_PARAMETER", part);
    bad(
        json(b"{\"_customer_number\":"),
        "cannot be read as JSON: parameter _customer_number: EOF while parsing",
    );
    bad(json(b"{\"_customer_number\":\"1\"} x"), "cannot be read as JSON: trailing characters at line 1");
    bad(json(b"[]"), "expected an object with the parameters");
    bad(json(b"\"text\""), "expected an object with the parameters");
    bad(json(b"{\"_customer_number\":\"\xff\"}"), "not UTF-8, at byte 21");
    bad(json(b"{\"_customer_number\":\"1\",\"_customer_number\":\"2\"}"), "_customer_number is there twice");
    bad(
        json(b"{\"_customer_number\":{\"a\":1}}"),
        "parameter _customer_number: invalid type: map, expected a string",
    );
    bad(json(b"{\"_customer_number\":1.5}"), "parameter _customer_number: invalid type: floating point");
    bad(json(b"{\"_customer_number\":[\"1\"]}"), "_customer_number is a list, expected one value");
    bad(json(b"{\"_customer_number\":null}"), "_customer_number is missing");
    bad(json(b"{\"a\":[[1]]}"), "an array is in an array");
    bad(json(b"{\"a\":[null]}"), "an item of an array is null");
    bad(json("[".repeat(10_000).as_bytes()), "expected an object");
    bad(json(format!("{{\"a\":{}", "[".repeat(10_000)).as_bytes()), "an array is in an array");
    let form = |body: &[u8]| http.request("POST", START, FORM, body);
    bad(form(b"_customer_number=1&_customer_number=2"), "_customer_number is there twice");
    bad(form(b"_customer_number=%ff"), "the body is not UTF-8, in \"%ff\"");
    bad(form(b"_customer_number=\xff"), "the body is not UTF-8");
    bad(form(b"_customer_number=%f"), "a % without two hex digits");
    bad(form(b"_customer_number=%zz"), "a % without two hex digits");
    bad(form(b"_customer_number=%00"), "U+0000");
    bad(form(b"=1"), "has no name");
    bad(form(b"_customer_number="), "_customer_number is missing");
    bad(form(b""), "_customer_number is missing");
    bad(form(format!("_customer_number={}", "1".repeat(VALUE_LIMIT + 1)).as_bytes()), "over 4096 bytes");
    bad(http.post(&format!("{START}?_customer_number=1"), "_customer_number=1"), "is there twice");
    bad(http.post(&format!("{START}?_customer_number=%C3"), ""), "the query string is not UTF-8");
    untouched(&http);
}

#[test]
fn bodies_of_the_wrong_kind_or_size() {
    let http = Http::new(Options::default());
    for media_type in ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""] {
        let answer = http.request("POST", START, media_type, b"_customer_number=1");
        refused(
            answer,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "send application/json or application/x-www-form-urlencoded",
        );
    }
    let answer = http.request("POST", START, "application/json; charset=iso-8859-1", b"{}");
    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE", "charset iso-8859-1 is not read");
    let body = format!("_customer_number=1&a={}", "x".repeat(body::BODY_LIMIT));
    refused(http.post(START, &body), 413, "TOO_LARGE", "more than 65536 bytes");
    untouched(&http);
    let answer =
        http.request("POST", START, "Application/JSON ; charset=\"UTF-8\"", b"{\"_customer_number\":1}");
    assert_eq!(answer.0, 200, "{answer:?}");
}

#[test]
fn what_is_not_there() {
    let http = Http::with_callback();
    let service = "/genesys/1/service/callback/nowhere";
    for (method, path) in [
        ("POST", service.to_owned()),
        ("GET", service.to_owned()),
        ("GET", format!("{service}/availability")),
        ("DELETE", format!("{service}/{ID}")),
        ("PUT", format!("{service}/{ID}")),
        ("GET", "/genesys/1/admin/callback/queues?target=nowhere".to_owned()),
        ("GET", "/genesys/1/admin/callback/watermarks?service_name=nowhere".to_owned()),
    ] {
        let answer = http.request(method, &path, "", b"");
        refused(answer, 404, "NOT_FOUND", "there is no service nowhere; there are default");
    }
    for (method, path) in [
        ("DELETE", format!("{START}/1-2")),
        ("PUT", format!("{START}/1-2")),
        ("GET", "/genesys/1/service/1-2/check-queue-position".to_owned()),
        ("POST", "/genesys/1/service/1-2/check-queue-position".to_owned()),
    ] {
        refused(http.request(method, &path, "", b""), 404, "NOT_FOUND", "there is no callback 1-2");
    }
    assert_eq!(http.get("/genesys/1/service/callback?_id=1-2"), (200, json!([])));
    refused(http.get("/genesys/1/service"), 404, "NOT_FOUND", "/openapi.json describes");
    refused(http.request("PATCH", START, "", b""), 405, "METHOD_NOT_ALLOWED", "PATCH is not for");
    refused(http.get("/genesys/1/service/callback/%ff"), 400, "BAD_PARAMETER", "the path is not UTF-8");
}

#[test]
fn parameters_that_do_not_fit() {
    let http = Http::with_callback();
    let bad = |answer, part: &str| refused(answer, 400, "BAD_PARAMETER", part);
    let start = |more: &str| http.post(START, &format!("_customer_number=8005550101&{more}"));
    bad(
        start("_desired_time=2030-01-01T09:59:59.000Z"),
        "a time that is not over; it is 2030-01-01T10:00:00.000Z now",
    );
    bad(start("_desired_time=2032-01-01T00:00:00Z"), "a time within 366 days");
    bad(start("_desired_time=tomorrow"), "_desired_time=tomorrow: expected a time in UTC, such as");
    bad(start("_originating_interaction_id=1"), "16 hex digits");
    bad(start("_call_direction=UP"), "expected USERTERMINATED or USERORIGINATED");
    bad(start("_wait_for_agent=perhaps"), "expected true or false");
    bad(
        start("_rep_userevent_dn=7001"),
        "may not overwrite option _rep_userevent_dn of this service; it may: _call_",
    );
    bad(http.get("/genesys/1/service/callback"), "name at least one of _id");
    bad(http.get("/genesys/1/service/callback?colour=red"), "not looked for by colour");
    bad(http.get("/genesys/1/service/callback?_callback_state=LOST"), "expected SCHEDULED, QUEUED");
    bad(http.get(&format!("{START}/availability?timestamp=now")), "timestamp=now: expected a time");
    bad(
        http.get(&format!("{START}/availability?days=1")),
        "there is no parameter days; this request takes timestamp",
    );
    bad(http.get(&format!("{START}/availability?max-time-slots=0")), "a number from 1 to 2000");
    bad(http.get("/genesys/1/admin/callback/queues?max=many"), "a number from 1 to 1000");
    bad(http.get("/genesys/1/admin/callback/queues?states=QUEUED,LOST"), "expected SCHEDULED, QUEUED");
    bad(http.post("/genesys/1/admin/callback/cancel", "reason=x"), "ids is missing");
    bad(
        http.post_json("/genesys/1/admin/callback/cancel", &json!({"reason": ["x"], "ids": []})),
        "reason is a list",
    );
    let put = |body: &str| http.request("PUT", &format!("{START}/{ID}"), FORM, body.as_bytes());
    bad(put(""), "_new_desired_time is missing");
    bad(put("_new_desired_time=2029-01-01T00:00:00Z"), "a time that is not over");
    bad(put("_new_desired_time=2030-01-02T00:00:00Z&_desired_time=2030-01-03T00:00:00Z"), "differ; name one");
    bad(
        put("_customer_number=5&_new_desired_time=2030-01-02T00:00:00Z"),
        "8005550100, the number it was started with",
    );
    assert_eq!(http.shared.machine().open_callbacks(), 1, "the one that was there");
}

#[test]
fn what_is_over_stays_so() {
    let http = Http::with_callback();
    let path = format!("{START}/{ID}");
    assert_eq!(http.request("DELETE", &path, "", b"").0, 200);
    let wrong = |answer, part: &str| refused(answer, 409, "INVALID_STATE", part);
    wrong(http.request("DELETE", &path, "", b""), "is COMPLETED and cannot be cancelled any more");
    let put = http.request("PUT", &path, FORM, b"_new_desired_time=2030-01-02T00:00:00Z");
    wrong(put, "is COMPLETED and cannot be changed any more");
    wrong(http.get(&format!("/genesys/1/service/{ID}/check-queue-position")), "waits no more");
}
