//! Models: structs that are read and written as the service has them.

use super::{Fields, Name, Unreadable};

/// A model, which can be a field of another one. [`model`] implements it.
pub(crate) trait Model: Sized {
    /// The names of the fields that are read, in the order in which they are.
    const NAMES: &'static [Name];

    /// The names of the fields of a model that is part of it.
    const REST: &'static [Name] = &[];

    fn of(fields: &mut Fields<'_>) -> Result<Self, Unreadable>;
}

/// Declares a model, or the JSON form of one, with `Serialize` and `Deserialize`. How it is written is derived. How it is read is
/// the macro's: a line for each field, which calls what is compiled once for each type, where serde's code is that
/// of a whole loop for each model. The attributes say how:
///
/// | field | missing, `null` or unreadable | written |
/// |---|---|---|
/// | an `Option` | `None` | unless it is `None` |
/// | `#[optional]` | the default | unless it is the default |
/// | `#[lenient]` | the default | always |
/// | `#[with(f)]` | as `f` does, which gets a `None` if it is missing | unless it is a `None` |
/// | `#[flatten]` | a model whose fields are among those of this one, as the last field | always |
/// | `#[written]` | it isn't read | always |
/// | any other | an error | always |
///
/// Names are in camel case. `#[serde(rename = …, alias = …)]`, in this order, has others, and comes after these attributes.
///
/// With `prepare f;` before the struct, `f` can change the fields before they are read.
macro_rules! model {
    (prepare $prepare:path; $($model:tt)*) => { $crate::wire::model! { @model ($prepare) $($model)* } };

    (@model $prepare:tt $(#[$meta:meta])* $vis:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::wire::model! {
            @ [
                $name $prepare
                $(#[$meta])* #[derive(serde::Serialize)] #[serde(rename_all = "camelCase")] $vis struct $name
            ]
            {} [] () {} $($fields)*,
        }
    };

    // Reading isn't serde's.
    (@name $field:ident default $($serde:tt)*) => {
        compile_error!("serde(default) has no effect on how a model is read: use #[optional] or #[lenient]")
    };

    // The name of a field in JSON.
    (@name $field:ident rename = $rename:literal, alias = $alias:literal $($serde:tt)*) => {
        $crate::wire::Name::new($rename).or($alias)
    };
    (@name $field:ident rename = $rename:literal $($serde:tt)*) => { $crate::wire::Name::new($rename) };
    (@name $field:ident alias = $alias:literal $($serde:tt)*) => {
        $crate::wire::Name::of(stringify!($field)).or($alias)
    };
    (@name $field:ident $($serde:tt)*) => { $crate::wire::Name::of(stringify!($field)) };

    // All fields are done, with or without a comma after the last one.
    (
        @ [$name:ident ($($prepare:path)?) $($head:tt)*]
        { $($fields:tt)* } [$($json:expr,)*] ($($rest:ty)?) { $($field:ident: { $($read:tt)* })* } $(,)?
    ) => {
        $($head)* { $($fields)* }

        impl $crate::wire::Model for $name {
            const NAMES: &'static [$crate::wire::Name] = &[$($json,)*];
            $(const REST: &'static [$crate::wire::Name] = <$rest as $crate::wire::Model>::NAMES;)?

            fn of(fields: &mut $crate::wire::Fields<'_>) -> Result<Self, $crate::wire::Unreadable> {
                $($prepare(fields)?;)?
                Ok(Self { $($field: fields.$($read)*,)* })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::read(deserializer)
            }
        }
    };

    (
        @ $head:tt { $($done:tt)* } [$($json:tt)*] $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: Option<$type:ty>, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head {
                $($done)*
                $(#[doc = $doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[serde($($serde)*)])?
                $vis $field: Option<$type>,
            }
            [$($json)* $crate::wire::model!(@name $field $($($serde)*)?),] $flat { $($read)* $field: { lenient() } }
            $($rest)*
        }
    };

    (
        @ $head:tt { $($done:tt)* } [$($json:tt)*] $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* #[with($with:path)] $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: Option<$type:ty>, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head {
                $($done)*
                $(#[doc = $doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[serde($($serde)*)])?
                $vis $field: Option<$type>,
            }
            [$($json)* $crate::wire::model!(@name $field $($($serde)*)?),] $flat { $($read)* $field: { with($with)? } }
            $($rest)*
        }
    };

    (
        @ $head:tt { $($done:tt)* } [$($json:tt)*] $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* #[with($with:path)] $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head { $($done)* $(#[doc = $doc])* $(#[serde($($serde)*)])? $vis $field: $type, }
            [$($json)* $crate::wire::model!(@name $field $($($serde)*)?),] $flat { $($read)* $field: { with($with)? } }
            $($rest)*
        }
    };

    (
        @ $head:tt { $($done:tt)* } [$($json:tt)*] $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* #[optional] $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head {
                $($done)*
                $(#[doc = $doc])*
                #[serde(skip_serializing_if = "crate::wire::is_default")]
                $(#[serde($($serde)*)])?
                $vis $field: $type,
            }
            [$($json)* $crate::wire::model!(@name $field $($($serde)*)?),] $flat { $($read)* $field: { lenient() } }
            $($rest)*
        }
    };

    (
        @ $head:tt { $($done:tt)* } [$($json:tt)*] $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* #[lenient] $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head { $($done)* $(#[doc = $doc])* $(#[serde($($serde)*)])? $vis $field: $type, }
            [$($json)* $crate::wire::model!(@name $field $($($serde)*)?),] $flat { $($read)* $field: { lenient() } }
            $($rest)*
        }
    };

    (
        @ $head:tt { $($done:tt)* } $json:tt () { $($read:tt)* }
        $(#[doc = $doc:literal])* #[flatten]
        $vis:vis $field:ident: $type:ty $(,)*
    ) => {
        $crate::wire::model! {
            @ $head { $($done)* $(#[doc = $doc])* #[serde(flatten)] $vis $field: $type, }
            $json ($type) { $($read)* $field: { rest()? } }
        }
    };

    (
        @ $head:tt { $($done:tt)* } $json:tt $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* #[written] $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head { $($done)* $(#[doc = $doc])* $(#[serde($($serde)*)])? $vis $field: $type, }
            $json $flat { $($read)* $field: { unread() } }
            $($rest)*
        }
    };

    (
        @ $head:tt { $($done:tt)* } [$($json:tt)*] $flat:tt { $($read:tt)* }
        $(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])?
        $vis:vis $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::wire::model! {
            @ $head { $($done)* $(#[doc = $doc])* $(#[serde($($serde)*)])? $vis $field: $type, }
            [$($json)* $crate::wire::model!(@name $field $($($serde)*)?),] $flat { $($read)* $field: { required()? } }
            $($rest)*
        }
    };

    ($($model:tt)*) => { $crate::wire::model! { @model () $($model)* } };
}

pub(crate) use model;

/// Whether a field isn't written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::wire::{self, Field, Json, Unreadable};

    model! {
        /// A model with each kind of field.
        #[derive(Debug, PartialEq)]
        pub(super) struct Sample {
            #[serde(serialize_with = "wire::id::serialize")]
            pub(super) id: u64,
            plain_name: String,
            /// A side field.
            pub(super) side_field: Option<u64>,
            /// One with several names.
            #[serde(rename = "createTime", alias = "created")]
            created_at: Option<String>,
            #[serde(alias = "other")]
            aliased: Option<Vec<u64>>,
            #[with(wire::strict)]
            answer: Option<bool>,
            /// Nothing is used.
            #[with(usage)]
            usage: Option<u32>,
            /// A path.
            #[optional]
            path: String,
            #[optional]
            #[serde(rename = "parts")]
            list: Vec<Part>,
            #[lenient]
            about: String,
            #[with(wire::strict_or_null)]
            locked: bool
        }
    }

    model! {
        #[derive(Debug, Default, PartialEq)]
        struct Part {
            #[lenient]
            number: u32,
        }
    }

    fn usage(json: Option<Json<'_>>) -> Result<Option<u32>, Unreadable> {
        json.map_or(Ok(Some(0)), |json| Ok(u32::of(json)))
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
    fn names_have_the_case_of_json() {
        let problem = |json: Value| wire::from_value::<Sample>(&json).expect_err("it isn't a sample").to_string();
        assert_eq!(problem(json!({ "id": 7, "plain_name": "a" })), "missing field `plainName`");
        assert_eq!(problem(json!({ "id": 7, "plainName": null })), "expected a string, found null");
        let twice = wire::from_slice::<Sample>(br#"{"id":7,"createTime":"a","created":"b"}"#);
        assert_eq!(
            twice.expect_err("it isn't a sample").to_string(),
            "duplicate field `createTime` at line 1 column 34"
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
