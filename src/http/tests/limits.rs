use std::pin::Pin;

use actix_web::FromRequest as _;
use actix_web::error::PayloadError;
use actix_web::test::TestRequest;
use futures::Stream;

use super::*;

/// A request that announces a body of this length, and the body as it arrives.
async fn request_with(
    announced: Option<usize>,
    arrives: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
) -> (HttpRequest, Payload) {
    let mut request = TestRequest::post();
    if let Some(length) = announced {
        request = request.insert_header((CONTENT_LENGTH, length.to_string()));
    }
    let request = request.to_http_request();
    let arrives: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(arrives);
    let mut payload = actix_web::dev::Payload::Stream { payload: arrives };
    let payload = Payload::from_request(&request, &mut payload).await.unwrap();
    (request, payload)
}

async fn request(announced: Option<usize>, body: impl Into<Bytes>) -> (HttpRequest, Payload) {
    request_with(announced, futures::stream::iter([Ok(body.into())])).await
}

/// The status that a body is refused with.
async fn status(intake: &Intake, (request, payload): (HttpRequest, Payload)) -> StatusCode {
    intake.read(&request, payload).await.map_or_else(|(status, _)| status, |_| StatusCode::OK)
}

#[tokio::test(start_paused = true)]
async fn large_bodies_wait_for_room_and_small_bodies_do_not_wait_for_them() {
    let intake = Intake::default();
    let held = [intake.room(LARGEST_BODY).await.unwrap(), intake.room(LARGEST_BODY).await.unwrap()];
    let begun = Instant::now();
    assert_eq!(status(&intake, request(Some(LARGEST_BODY), "x").await).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(1), "the API server gives up after one second");
    let begun = Instant::now();
    assert_eq!(status(&intake, request(Some(1), "x").await).await, StatusCode::OK);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    drop(held);
    assert_eq!(status(&intake, request(Some(LARGEST_BODY), "x").await).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_body_keeps_its_room_until_it_is_dropped() {
    let intake = Intake::default();
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let (request, payload) = request(Some(LARGEST_BODY), "x").await;
        bodies.push(intake.read(&request, payload).await.unwrap());
    }
    assert_eq!(status(&intake, request(Some(LARGEST_BODY), "x").await).await, StatusCode::SERVICE_UNAVAILABLE);
    bodies.pop();
    assert_eq!(status(&intake, request(Some(LARGEST_BODY), "x").await).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_body_without_an_announced_length_needs_the_room_of_the_largest() {
    let intake = Intake::default();
    let _held = [intake.room(LARGEST_BODY).await.unwrap(), intake.room(LARGEST_BODY).await.unwrap()];
    assert_eq!(status(&intake, request(None, "x").await).await, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_body_above_the_limit_is_refused_by_what_it_announces_and_by_what_arrives() {
    let intake = Intake::default();
    let large = vec![b'x'; LARGEST_BODY + 1];
    assert_eq!(status(&intake, request(Some(LARGEST_BODY + 1), "x").await).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(status(&intake, request(None, large).await).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(status(&intake, request(None, vec![b'x'; LARGEST_BODY]).await).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_given_up() {
    let intake = Intake::default();
    let request = request_with(Some(1), futures::stream::pending()).await;
    assert_eq!(status(&intake, request).await, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn large_bodies_are_parsed_one_at_a_time_and_small_ones_do_not_wait() {
    let intake = Intake::default();
    let read = async |length: usize| {
        let (request, payload) = request(Some(length), vec![b'x'; length]).await;
        intake.read(&request, payload).await.unwrap()
    };
    let (large, small) = (read(SMALL_BODY + 1).await, read(SMALL_BODY).await);
    let turn = intake.turn(&large).await.unwrap();
    let begun = Instant::now();
    intake.turn(&small).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(intake.turn(&large).await.unwrap_err().0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(1), "the API server gives up after one second");
    drop(turn);
    intake.turn(&large).await.unwrap();
}
