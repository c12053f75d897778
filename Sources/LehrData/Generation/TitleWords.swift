import LehrCore

/// Titles for generated items, whose nouns and class show the taste that an item belongs to.
struct TitleWords {
    private static let adjectives = [
        "Amber", "Ancient", "Bitter", "Blue", "Borrowed", "Broken", "Burning", "Crimson", "Distant",
        "Electric", "Empty", "Endless", "Fading", "First", "Forgotten", "Frozen", "Gentle",
        "Golden",
        "Hidden", "Hollow", "Iron", "Last", "Little", "Lonely", "Lost", "Midnight", "Northern",
        "Pale", "Paper", "Quiet", "Restless", "Scarlet", "Secret", "Silent", "Silver", "Sleeping",
        "Sudden", "Velvet", "Wild", "Winter",
    ]

    /// A class and the nouns of its titles; no noun is in two classes.
    private static let classes: [(name: String, nouns: [String])] = [
        ("Sea", ["Harbor", "Lighthouse", "Tide", "Captain", "Anchor", "Reef"]),
        ("Space", ["Orbit", "Comet", "Reactor", "Nebula", "Airlock", "Signal"]),
        ("Crime", ["Alibi", "Witness", "Ransom", "Verdict", "Detective", "Heist"]),
        ("Romance", ["Kiss", "Letter", "Wedding", "Waltz", "Promise", "Sweetheart"]),
        ("Western", ["Saddle", "Canyon", "Sheriff", "Mustang", "Prairie", "Outlaw"]),
        ("Horror", ["Crypt", "Scream", "Cellar", "Phantom", "Coffin", "Curse"]),
        ("Music", ["Sonata", "Drummer", "Chorus", "Encore", "Melody", "Fiddle"]),
        ("War", ["Trench", "Regiment", "Armistice", "Bunker", "Bugle", "Frontline"]),
        ("Cooking", ["Kitchen", "Banquet", "Recipe", "Saffron", "Bakery", "Feast"]),
        ("Mountains", ["Summit", "Glacier", "Ridge", "Avalanche", "Rope", "Valley"]),
        ("Fantasy", ["Dragon", "Wizard", "Amulet", "Throne", "Goblin", "Prophecy"]),
        ("Sport", ["Marathon", "Goalkeeper", "Relay", "Champion", "Stadium", "Medal"]),
        ("Family", ["Nursery", "Cousin", "Picnic", "Holiday", "Birthday", "Playground"]),
        ("History", ["Empire", "Cathedral", "Chronicle", "Duchess", "Revolution", "Pharaoh"]),
        ("Nature", ["Meadow", "Fox", "Orchard", "Heron", "Forest", "Monsoon"]),
        ("Comedy", ["Butler", "Mishap", "Parrot", "Landlord", "Disguise", "Custard"]),
        ("Spies", ["Cipher", "Courier", "Embassy", "Dossier", "Agent", "Microfilm"]),
        ("Railways", ["Platform", "Locomotive", "Viaduct", "Sleeper", "Conductor", "Junction"]),
        ("Robots", ["Automaton", "Circuit", "Android", "Gearbox", "Algorithm", "Replica"]),
        ("City", ["Boulevard", "Rooftop", "Subway", "Skyline", "Taxi", "Market"]),
    ]

    private let order: [UInt32]

    init(seed: UInt64) {
        order = shuffled(
            count: Self.adjectives.count, random: RandomSource(seed: seed, path: 0x22))
    }

    /// The class of the items of a taste.
    func className(taste: Int) -> String { Self.classes[taste % Self.classes.count].name }

    /// A title of its own for item `number` (from 0) of a taste among `tastes`.
    func title(taste: Int, number: Int, tastes: Int) -> String {
        let nouns = Self.classes[taste % Self.classes.count].nouns
        let adjectives = Self.adjectives
        let combinations = nouns.count * adjectives.count
        let adjective = adjectives[Int(order[(number / nouns.count + taste) % adjectives.count])]
        let name = "\(adjective) \(nouns[number % nouns.count])"
        // Sequels: when a class has more items, or more tastes, than names.
        let rounds = tastes / Self.classes.count + 1
        let sequel = taste / Self.classes.count + rounds * (number / combinations)
        return sequel == 0 ? name : "\(name) \(sequel + 1)"
    }
}
