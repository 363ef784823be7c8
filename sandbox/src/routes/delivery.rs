//! The host that delivers contents and pictures. It is not the service's, and needs no key.

use rblxopencloud::Endpoint;

use super::{Call, Route};
use crate::http::Answer;
use crate::http::multipart::Fnv;
use crate::world::{World, picture};

const GET_PICTURE: Endpoint = Endpoint::get("/pictures/{user}/{size}/{format}/{shape}").without_key();
const GET_CONTENT: Endpoint = Endpoint::get("/contents/{asset}/{version}").without_key();

pub(crate) const ROUTES: &[Route] =
    &[Route::new(GET_PICTURE, get_picture).with_names(), Route::new(GET_CONTENT, get_content)];

fn get_picture(_: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let side = call.name(1).parse().unwrap_or(420);
    Ok(match call.name(2) {
        "JPEG" => deliver(&call, &picture::jpeg(side), "image/jpeg"),
        _ => deliver(&call, &picture::png(side), "image/png"),
    })
}

fn get_content(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let content =
        world.content(call.id(0), call.id(1)).ok_or_else(|| Answer::new(403, "<Error>AccessDenied</Error>"))?;
    Ok(deliver(&call, &content.bytes, &content.content_type))
}

/// Responds with a content or, after a break, with its rest.
pub(super) fn deliver(call: &Call<'_>, content: &[u8], content_type: &str) -> Answer {
    let tag = format!("\"{:016x}\"", Fnv::of(content));
    let length = content.len();
    let is_same = call.head.if_range.as_ref().is_none_or(|known| *known == tag);
    let start =
        call.head.range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let answer = match start.filter(|_| is_same) {
        None => Answer::new(200, content),
        Some(start) if start < length => Answer::new(206, &content[start..])
            .with_header("content-range", format!("bytes {start}-{}/{length}", length - 1)),
        Some(_) => Answer::new(416, "").with_header("content-range", format!("bytes */{length}")),
    };
    answer.with_header("etag", tag).with_header("content-type", content_type)
}
