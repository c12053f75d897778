/// How long a lease lasts and how often its holder renews it.
package struct LeaseTerms: Hashable, Sendable {
    /// Time to live, on the table's clock, from each renewal.
    package var ttl: Duration
    package var heartbeat: Duration
    /// How far two clocks may drift apart, as a share of elapsed time.
    package var drift: Double

    /// A life that has been silent for so long gives its name to another process that asks for it; one
    /// that renews keeps it. At least half a heartbeat more than lies between two renewals.
    package var patience: Duration { ttl / 2 }

    package init(
        ttl: Duration = .seconds(10), heartbeat: Duration = .seconds(3), drift: Double = 0.05
    ) {
        self.ttl = ttl
        self.heartbeat = heartbeat
        self.drift = drift
    }
}
