import LehrCore
import LehrRPC

/// Which way messages are hindered between a victim and its peers.
package enum Direction: Sendable {
    case both
    /// One of the two, drawn.
    case one
}

extension Fault {
    /// Nothing passes between a process and some others; what could not be delivered is, once it can
    /// be, as TCP tries again and again.
    package static func cut(
        _ victim: Victim, from peer: Victim? = nil, _ direction: Direction = .both,
        from least: Duration = .milliseconds(300), for most: Duration = .seconds(5)
    ) -> Fault {
        Fault(name: "cut of \(victim) from \(peer?.rawValue ?? "all")") { plan in
            let effect = LinkRule.Effect.held(spread: .milliseconds(400))
            plan.hinder(victim, peer, direction, least, most, "cut", effect)
        }
    }

    /// A link that lets nothing through for a while and then everything at once.
    package static func clog(_ victim: Victim, for most: Duration = .seconds(2)) -> Fault {
        Fault(name: "clog of \(victim)") { plan in
            let effect = LinkRule.Effect.held(spread: .zero)
            plan.hinder(victim, nil, .one, .milliseconds(100), most, "clog", effect)
        }
    }

    /// A link on which everything takes up to so much longer.
    package static func slow(
        _ victim: Victim, to peer: Victim? = nil, by delay: Duration,
        for most: Duration = .seconds(5)
    ) -> Fault {
        Fault(name: "slow link of \(victim)") { plan in
            plan.hinder(victim, peer, .one, .seconds(1), most, "slow", .slow(by: delay))
        }
    }

    /// Segments that are lost, and sent again.
    package static func loss(perMille: Int) -> Fault {
        Fault(name: "lost segments") { plan in
            plan.everywhere(
                .lossy(perMille: perMille, retransmission: .milliseconds(800)), "lossy")
        }
    }

    /// Requests whose first copy comes late, after another was sent.
    package static func twins(perMille: Int) -> Fault {
        Fault(name: "late twins") { plan in
            plan.everywhere(.twins(perMille: perMille, later: .seconds(3)), "twins")
        }
    }
}

extension FaultPlan {
    fileprivate func hinder(
        _ victim: Victim, _ peer: Victim?, _ direction: Direction, _ least: Duration,
        _ most: Duration, _ what: String, _ effect: LinkRule.Effect
    ) {
        once { [self] end in
            let (name, other) = (victim.drawn(by: self), peer?.drawn(by: self))
            guard other != name else { return false }
            let duration = drawn(from: least, below: most)
            let isOut = below(2) == 0 || direction == .both
            let isIn = !isOut || direction == .both
            say(
                "\(what) \(name) \(isIn ? "<" : "")-\(isOut ? ">" : "") \(other ?? "all") for "
                    + "\(duration.milliseconds) ms")
            let until = cluster.time.now + duration
            if isOut { cluster.add(LinkRule(from: name, to: other, effect, until: until)) }
            if isIn { cluster.add(LinkRule(from: other, to: name, effect, until: until)) }
            endWithLinks(after: duration, end)
            return true
        }
    }

    fileprivate func everywhere(_ effect: LinkRule.Effect, _ what: String) {
        once { [self] end in
            let duration = drawn(from: .seconds(2), below: .seconds(5))
            say("\(what) for \(duration.milliseconds) ms")
            cluster.add(
                LinkRule(from: nil, to: nil, effect, until: cluster.time.now + duration))
            endWithLinks(after: duration, end)
            return true
        }
    }

    /// It had an effect if a message was late or came twice.
    private func endWithLinks(after duration: Duration, _ end: @escaping (Bool) -> Void) {
        let before = cluster.disturbedCount
        after(duration) { [self] in
            let count = cluster.disturbedCount - before
            say("links have disturbed \(count) messages")
            end(count > 0)
        }
    }
}
