//! Prints the id of an asset that was published when this program was built.

mod assets {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

fn main() {
    println!("rbxassetid://{}", assets::CRATE);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_ids_are_those_of_the_lock_file() {
        let lock = include_str!("../assets.lock.json");
        assert!(lock.contains(&format!("\"id\":{},", super::assets::CRATE)), "{lock}");
    }
}
