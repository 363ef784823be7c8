//! Models: structs that are read and written as the service has them.

/// A model, which can be a field of another one.
pub(crate) trait Model: serde::de::DeserializeOwned {}

/// Declares a model, or the JSON form of one. The struct is written out as for serde, with all its attributes, and the macro
/// adds those of optional fields:
///
/// | field | missing, `null` or unreadable | written |
/// |---|---|---|
/// | an `Option` | `None` | unless it is `None` |
/// | `#[optional]` | the default | unless it is the default |
/// | `#[lenient]` | the default | always |
/// | any other | as serde does | as serde does |
///
/// A field's own `#[serde(…)]` comes after `#[optional]` or `#[lenient]`. An `Option` that answers a question isn't lenient: its
/// `#[serde(deserialize_with = "wire::strict")]` tells how it is read if it isn't missing.
macro_rules! model {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::wire::model!(@ [$(#[$meta])* $vis struct $name] {} $($fields)*,);

        impl $crate::wire::Model for $name {}
    };

    // All fields are done, with or without a comma after the last one.
    (@ [$($head:tt)*] { $($done:tt)* } $(,)?) => { $($head)* { $($done)* } };

    // An `Option` whose `serde` only names it.
    (
        @ $head:tt { $($done:tt)* }
        $(#[doc = $doc:literal])* $(#[serde($(rename = $rename:literal $(,)?)? $(alias = $alias:literal)?)])?
        $vis:vis $field:ident: Option<$type:ty>, $($rest:tt)*
    ) => {
        $crate::wire::model!(@ $head {
            $($done)*
            $(#[doc = $doc])*
            #[serde(default, deserialize_with = "crate::wire::lenient", skip_serializing_if = "Option::is_none")]
            $($(#[serde(rename = $rename)])? $(#[serde(alias = $alias)])?)?
            $vis $field: Option<$type>,
        } $($rest)*);
    };

    // An `Option` with another default.
    (
        @ $head:tt { $($done:tt)* }
        $(#[doc = $doc:literal])* #[serde(default = $default:literal)]
        $vis:vis $field:ident: Option<$type:ty>, $($rest:tt)*
    ) => {
        $crate::wire::model!(@ $head {
            $($done)*
            $(#[doc = $doc])*
            #[serde(default = $default, deserialize_with = "crate::wire::lenient")]
            #[serde(skip_serializing_if = "Option::is_none")]
            $vis $field: Option<$type>,
        } $($rest)*);
    };

    // An `Option` with a reader of its own.
    (
        @ $head:tt { $($done:tt)* }
        $(#[doc = $doc:literal])*
        #[serde(
            $(rename = $rename:literal,)?
            $(with = $with:literal)? $(deserialize_with = $reader:literal)? $(, serialize_with = $writer:literal)?
        )]
        $vis:vis $field:ident: Option<$type:ty>, $($rest:tt)*
    ) => {
        $crate::wire::model!(@ $head {
            $($done)*
            $(#[doc = $doc])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[serde(
                $(rename = $rename,)?
                $(with = $with)? $(deserialize_with = $reader)? $(, serialize_with = $writer)?
            )]
            $vis $field: Option<$type>,
        } $($rest)*);
    };

    // Any other attribute could be one that leaves the reading to serde.
    (@ $head:tt $done:tt $(#[$meta:meta])* $vis:vis $field:ident: Option<$type:ty>, $($rest:tt)*) => {
        compile_error!(concat!(
            "the `Option` `", stringify!($field), "` can have no attribute but `#[serde(…)]`, with `rename` and `alias`, ",
            "`rename` and `with`, `rename`, `deserialize_with` and `serialize_with`, or `default`, in this order",
        ));
    };

    (
        @ $head:tt { $($done:tt)* }
        $(#[doc = $doc:literal])* #[optional] $(#[$meta:meta])*
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model!(@ $head {
            $($done)*
            $(#[doc = $doc])*
            #[serde(default, deserialize_with = "crate::wire::lenient", skip_serializing_if = "crate::wire::is_default")]
            $(#[$meta])*
            $vis $field: $type,
        } $($rest)*);
    };

    (
        @ $head:tt { $($done:tt)* }
        $(#[doc = $doc:literal])* #[lenient] $(#[$meta:meta])*
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model!(@ $head {
            $($done)*
            $(#[doc = $doc])*
            #[serde(default, deserialize_with = "crate::wire::lenient")]
            $(#[$meta])*
            $vis $field: $type,
        } $($rest)*);
    };

    // Any other field.
    (@ $head:tt { $($done:tt)* } $(#[$meta:meta])* $vis:vis $field:ident: $type:ty, $($rest:tt)*) => {
        $crate::wire::model!(@ $head { $($done)* $(#[$meta])* $vis $field: $type, } $($rest)*);
    };
}

pub(crate) use model;

/// Whether a field isn't written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use crate::wire;

    model! {
        /// A model with each kind of field.
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct Sample {
            #[serde(with = "wire::id")]
            pub(super) id: u64,
            plain_name: String,
            /// A side field.
            pub(super) side_field: Option<u64>,
            /// One with several names.
            #[serde(rename = "createTime", alias = "created")]
            created_at: Option<String>,
            #[serde(alias = "other")]
            aliased: Option<Vec<u64>>,
            #[serde(deserialize_with = "wire::strict")]
            answer: Option<bool>,
            /// Nothing is used.
            #[serde(default = "zero")]
            usage: Option<u32>,
            /// A path.
            #[optional]
            path: String,
            #[optional]
            #[serde(rename = "parts")]
            list: Vec<Part>,
            #[lenient]
            about: String,
            #[serde(default, deserialize_with = "wire::strict_or_null")]
            locked: bool
        }
    }

    model! {
        #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
        struct Part {
            #[lenient]
            number: u32,
        }
    }

    fn zero() -> Option<u32> {
        Some(0)
    }

    fn kept(json: Value) -> Option<Value> {
        let sample: Option<Sample> = serde_json::from_value(json.clone()).ok();
        // The ways in which this crate reads models read the same.
        assert_eq!(wire::from_value::<Sample>(&json).ok(), sample, "{json}");
        assert_eq!(wire::from_slice::<Sample>(json.to_string().as_bytes()).ok(), sample, "{json}");
        Some(serde_json::to_value(sample?).expect("it is JSON"))
    }

    #[test]
    fn a_full_model_is_written_as_it_was_read() {
        let full = json!({
            "id": "7", "plainName": "a", "sideField": 1, "createTime": "today", "aliased": [1], "answer": false, "usage": 3,
            "path": "samples/7", "parts": [{ "number": 4 }], "about": "b", "locked": true,
        });
        assert_eq!(kept(full.clone()), Some(full.clone()));
        let alias = json!({ "id": 7, "plainName": "a", "created": "today", "other": [1] });
        let written = kept(alias).expect("it is a sample");
        assert_eq!((&written["createTime"], &written["aliased"]), (&full["createTime"], &full["aliased"]));
    }

    #[test]
    fn optional_fields_can_be_missing_null_or_unreadable() {
        let least = json!({ "id": "7", "plainName": "a", "usage": 0, "about": "", "locked": false });
        assert_eq!(kept(json!({ "id": "7", "plainName": "a" })), Some(least.clone()));
        for bad in [Value::Null, json!({}), json!([[]])] {
            let strange = json!({
                "id": "7", "plainName": "a", "sideField": bad, "createTime": bad, "aliased": bad, "path": bad, "parts": bad,
                "about": bad,
            });
            assert_eq!(kept(strange), Some(least.clone()), "{bad}");
        }
        // Only a missing usage is zero.
        assert_eq!(
            kept(json!({ "id": 7, "plainName": "a", "usage": null })).expect("it is read")["usage"],
            Value::Null
        );
    }

    #[test]
    fn other_fields_must_be_readable() {
        for bad in [
            json!({ "plainName": "a" }),
            json!({ "id": null, "plainName": "a" }),
            json!({ "id": 7 }),
            json!({ "id": 7, "plainName": null }),
            json!({ "id": 7, "plainName": "a", "answer": "maybe" }),
            json!({ "id": 7, "plainName": "a", "locked": 1 }),
        ] {
            assert_eq!(kept(bad.clone()), None, "{bad}");
        }
    }
}
