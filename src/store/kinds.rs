use crate::open_enum::open_enum;

open_enum! {
    /// The type of a sound.
    #[allow(missing_docs)]
    StoreAudioType {
        Music = "Music",
        SoundEffect = "SoundEffect",
    }
}

open_enum! {
    /// The subtype of a model.
    #[allow(missing_docs)]
    ModelSubType {
        Ad = "Ad",
        MaterialPack = "MaterialPack",
        Package = "Package",
    }
}
