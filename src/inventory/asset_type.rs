use crate::open_enum::open_enum;

open_enum! {
    /// The type of an [`InventoryAsset`](crate::inventory::InventoryAsset): the 52 types that Roblox documents.
    ///
    /// It differs from [`AssetType`](crate::AssetType), the types that can be uploaded.
    InventoryAssetType {
        /// A classic T-shirt: an image on the torso.
        ClassicTShirt = "CLASSIC_TSHIRT",
        /// A sound.
        Audio = "AUDIO",
        /// A hat.
        Hat = "HAT",
        /// A model.
        Model = "MODEL",
        /// A classic shirt.
        ClassicShirt = "CLASSIC_SHIRT",
        /// Classic pants.
        ClassicPants = "CLASSIC_PANTS",
        /// A decal.
        Decal = "DECAL",
        /// A classic head.
        ClassicHead = "CLASSIC_HEAD",
        /// A face.
        Face = "FACE",
        /// A piece of gear.
        Gear = "GEAR",
        /// An animation.
        Animation = "ANIMATION",
        /// A torso.
        Torso = "TORSO",
        /// A right arm.
        RightArm = "RIGHT_ARM",
        /// A left arm.
        LeftArm = "LEFT_ARM",
        /// A left leg.
        LeftLeg = "LEFT_LEG",
        /// A right leg.
        RightLeg = "RIGHT_LEG",
        /// A package.
        Package = "PACKAGE",
        /// A plugin.
        Plugin = "PLUGIN",
        /// A mesh part.
        MeshPart = "MESH_PART",
        /// A hair accessory.
        HairAccessory = "HAIR_ACCESSORY",
        /// A face accessory.
        FaceAccessory = "FACE_ACCESSORY",
        /// A neck accessory.
        NeckAccessory = "NECK_ACCESSORY",
        /// A shoulder accessory.
        ShoulderAccessory = "SHOULDER_ACCESSORY",
        /// A front accessory.
        FrontAccessory = "FRONT_ACCESSORY",
        /// A back accessory.
        BackAccessory = "BACK_ACCESSORY",
        /// A waist accessory.
        WaistAccessory = "WAIST_ACCESSORY",
        /// A climb animation.
        ClimbAnimation = "CLIMB_ANIMATION",
        /// A death animation.
        DeathAnimation = "DEATH_ANIMATION",
        /// A fall animation.
        FallAnimation = "FALL_ANIMATION",
        /// An idle animation.
        IdleAnimation = "IDLE_ANIMATION",
        /// A jump animation.
        JumpAnimation = "JUMP_ANIMATION",
        /// A run animation.
        RunAnimation = "RUN_ANIMATION",
        /// A swim animation.
        SwimAnimation = "SWIM_ANIMATION",
        /// A walk animation.
        WalkAnimation = "WALK_ANIMATION",
        /// A pose animation.
        PoseAnimation = "POSE_ANIMATION",
        /// An emote animation.
        EmoteAnimation = "EMOTE_ANIMATION",
        /// A video.
        Video = "VIDEO",
        /// A T-shirt accessory.
        TShirtAccessory = "TSHIRT_ACCESSORY",
        /// A shirt accessory.
        ShirtAccessory = "SHIRT_ACCESSORY",
        /// Pants accessory.
        PantsAccessory = "PANTS_ACCESSORY",
        /// A jacket accessory.
        JacketAccessory = "JACKET_ACCESSORY",
        /// A sweater accessory.
        SweaterAccessory = "SWEATER_ACCESSORY",
        /// Shorts accessory.
        ShortsAccessory = "SHORTS_ACCESSORY",
        /// A left shoe accessory.
        LeftShoeAccessory = "LEFT_SHOE_ACCESSORY",
        /// A right shoe accessory.
        RightShoeAccessory = "RIGHT_SHOE_ACCESSORY",
        /// A dress skirt accessory.
        DressSkirtAccessory = "DRESS_SKIRT_ACCESSORY",
        /// An eyebrow accessory.
        EyebrowAccessory = "EYEBROW_ACCESSORY",
        /// An eyelash accessory.
        EyelashAccessory = "EYELASH_ACCESSORY",
        /// A mood animation.
        MoodAnimation = "MOOD_ANIMATION",
        /// A dynamic head.
        DynamicHead = "DYNAMIC_HEAD",
        /// A place that the user created.
        CreatedPlace = "CREATED_PLACE",
        /// A place that the user bought access to. Needs the scope `user.inventory-item:read`.
        PurchasedPlace = "PURCHASED_PLACE",
    }
}
