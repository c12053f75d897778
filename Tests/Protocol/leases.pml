/*
 * Leases and time: nobody writes to a partition that its coordinator has given away.
 *
 * Two shards, one partition, a coordinator with a store that outlives it. Clocks drift, messages are
 * late or lost, a process may stop at any point and wake (it is simply not scheduled), and the
 * coordinator dies and comes back between any two steps. Lives have no numbers here, because nothing
 * of an older life is in flight when the next begins; `acknowledgement.pml` has the numbers.
 *
 * Time is in ticks. TTL is 4 on the coordinator's clock. Each clock may be wrong by one tick in four:
 * the coordinator's ahead, a holder's behind (the other two ways are harmless). A holder gives up
 * twice the drift, so 4 - 2 * 1 = 2 ticks of its own are left for writing, from when it *sent*.
 *
 * Properties:
 *   one_owner  safety    at no instant do two owners write, nor one whose partition is another's
 *   progress   liveness  once nothing goes wrong any more, there is an owner that writes, for good
 *
 * Mutations, each with the property that it must be seen to violate:
 *   MUTATION_FROM_RECEIPT           one_owner  the holder counts from when the answer came
 *   MUTATION_MARGIN_ONCE            one_owner  the holder gives up the drift of one clock only
 *   MUTATION_NO_LEASE_CHECK         one_owner  the owner writes without looking at its lease
 *   MUTATION_CHECKS_THEN_SLEEPS     one_owner  ... looks, is stopped, and writes
 *   MUTATION_RESTART_SHORT_TTL      one_owner  less than the TTL granted, after a restart
 *   MUTATION_REPLACED_AT_ONCE       one_owner  a revoked life's partition is free at once
 *   MUTATION_LEAVES_BEFORE_CLOSING  one_owner  who gives its lease back still writes
 *   MUTATION_KEEPS_ON_REJOIN        one_owner  a new life keeps the old one's partitions
 *   MUTATION_OWNER_BY_NAME          one_owner  the map names owners by name, not by life
 *   MUTATION_PUBLISHES_FIRST        one_owner  the map is told before it is durable
 *   MUTATION_RENEWS_ENDED           one_owner  a keep-alive revives a lease that ended
 *   MUTATION_BEATS_TOO_LATE         progress   it is renewed when it has run out
 */
#define TTL 4
#ifdef MUTATION_MARGIN_ONCE
#define USABLE (TTL - 1)
#else
#define USABLE (TTL - 2)
#endif
#ifdef MUTATION_BEATS_TOO_LATE
#define BEAT 1                        /* a keep-alive is sent when fewer ticks are left */
#else
#define BEAT USABLE
#endif
#define NOBODY 2

mtype = { nothing, join, keep, leave, granted, renewed, gone, mine, others };

/* The coordinator's store. */
bit storedLive[2];                    /* this shard has a lease */
byte storedOwner = NOBODY;

/* The coordinator's memory. */
bit up = 1;
bit live[2];
byte left[2];                         /* ticks until the lease ends, on the coordinator's clock */
byte owner = NOBODY;
byte hold;                            /* ticks until the partition may be given away */
bit unsaved;

/* The network: one call at a time from each shard, and one map on its way to it. */
mtype request[2] = nothing;
mtype answer[2] = nothing;
mtype map[2] = nothing;

/* The shards. */
bit waits[2];                         /* for an answer */
bit member[2];
bit has[2];                           /* the partition is open here */
byte age[2];                          /* ticks since the call was sent, on the shard's clock */
byte may[2];                          /* ticks left for writing, on the shard's clock */
bit checked[2];

byte phase;                           /* of true time: clocks err in phase 0 only */
bit calm;                             /* nothing goes wrong any more */

#ifdef MUTATION_NO_LEASE_CHECK
#define writes(s) (has[s])
#else
#ifdef MUTATION_CHECKS_THEN_SLEEPS
#define writes(s) (checked[s])
#else
#define writes(s) (has[s] && may[s] > 0)
#endif
#endif

ltl one_owner {
    [] (!(writes(0) && writes(1)) && !(writes(0) && storedOwner == 1)
        && !(writes(1) && storedOwner == 0))
}

ltl progress { [] (calm -> <> [] (writes(0) || writes(1))) }

/* ---- time ---- */

inline less(value, ticks) { value = (value > ticks -> value - ticks : 0) }

/* One tick of a shard's clock, or none where the clock errs. */
inline shardTick(s) {
    if
    :: less(may[s], 1); if :: waits[s] && age[s] < USABLE -> age[s]++ :: else fi
    :: phase == 0
    fi
}

inline tableTick(ticks) { less(left[0], ticks); less(left[1], ticks); less(hold, ticks) }

/* In calm weather everybody acts before the next tick: calls are answered, leases renewed, the
 * partition placed and the map taken in. */
#define settled(s) (request[s] == nothing && answer[s] == nothing && member[s] && !waits[s] \
    && may[s] >= BEAT && map[s] == nothing && (!live[s] || has[s] == (owner == s)))
#define placed (owner != NOBODY || hold > 0)

active proctype Time() {
    do
    :: atomic {
        !calm || (up && settled(0) && settled(1) && placed) ->
        shardTick(0);
        shardTick(1);
        if
        :: tableTick(1)
        :: phase == 0 -> tableTick(2)
        fi;
        phase = (phase + 1) % TTL
    }
    od
}

active proctype Weather() { calm = 1 }

/* ---- coordinator ---- */

/* A decision is durable before anybody hears of it. */
inline save() {
#ifdef MUTATION_PUBLISHES_FIRST
    unsaved = 1
#else
    storedLive[0] = live[0]; storedLive[1] = live[1]; storedOwner = owner
#endif
}

/* The lease of a life ends before its time: its holder may not have heard of it. */
inline end(s) {
    live[s] = 0;
    if
    :: owner == s ->
        owner = NOBODY;
#ifdef MUTATION_REPLACED_AT_ONCE
        hold = 0;
#else
        hold = left[s];
#endif
    :: else
    fi;
    left[s] = 0
}

inline take(s) {
    if
    :: request[s] == join ->
        end(s);                       /* an older life, if any */
        live[s] = 1; left[s] = TTL; answer[s] = granted; save()
    :: request[s] == keep ->
        if
#ifdef MUTATION_RENEWS_ENDED
        :: left[s] < TTL -> live[s] = 1; left[s] = TTL; answer[s] = renewed
        :: else -> left[s] = TTL; answer[s] = renewed
#else
        :: live[s] && left[s] > 0 -> left[s] = TTL; answer[s] = renewed
        :: else -> answer[s] = gone
#endif
        fi
    :: request[s] == leave ->
        if                            /* its holder has closed what it owned */
        :: owner == s -> end(s); hold = 0
        :: else -> end(s)
        fi;
        save()
    fi;
    request[s] = nothing
}

#define ready (up && !unsaved)
#define mayOwn(s) (owner == NOBODY && hold == 0 && live[s] && left[s] > 0)

active proctype Coordinator() {
    do
    :: d_step { ready && request[0] != nothing -> take(0) }
    :: d_step { ready && request[1] != nothing -> take(1) }
    :: d_step { ready && live[0] && left[0] == 0 -> end(0); save() }
    :: d_step { ready && live[1] && left[1] == 0 -> end(1); save() }
    :: d_step { ready && !calm && live[0] -> end(0); save() }        /* revoked */
    :: d_step { ready && mayOwn(0) -> owner = 0; save() }
    :: d_step { ready && mayOwn(1) -> owner = 1; save() }
    :: d_step {
        unsaved ->
        storedLive[0] = live[0]; storedLive[1] = live[1]; storedOwner = owner; unsaved = 0
    }
    :: d_step {                       /* it dies: calls to it are lost, answers may still come */
        up && !calm ->
        up = 0; unsaved = 0; request[0] = nothing; request[1] = nothing;
        live[0] = 0; live[1] = 0; left[0] = 0; left[1] = 0; owner = NOBODY; hold = 0
    }
    :: d_step {                       /* it comes back: whatever was granted may have a full TTL left */
        !up ->
        up = 1; live[0] = storedLive[0]; live[1] = storedLive[1]; owner = storedOwner;
#ifdef MUTATION_RESTART_SHORT_TTL
        left[0] = live[0]; left[1] = live[1]; hold = (owner == NOBODY -> 1 : 0)
#else
        left[0] = live[0] * TTL; left[1] = live[1] * TTL; hold = (owner == NOBODY -> TTL : 0)
#endif
    }
    od
}

/* ---- shard ---- */

inline call(what) { request[s] = what; waits[s] = 1; age[s] = 0 }

inline close() { has[s] = 0; may[s] = 0; checked[s] = 0 }

inline newLife() {
#ifndef MUTATION_KEEPS_ON_REJOIN
    close();
#endif
#ifndef MUTATION_OWNER_BY_NAME
    map[s] = nothing;                 /* it names a life that has ended */
#endif
    member[s] = 0
}

inline renew() {
#ifdef MUTATION_FROM_RECEIPT
    may[s] = USABLE
#else
    may[s] = (may[s] > USABLE - age[s] -> may[s] : USABLE - age[s])
#endif
}

proctype Shard(byte s) {
    do
    :: d_step { !waits[s] && !member[s] -> call(join) }
    :: d_step { !waits[s] && member[s] && may[s] < BEAT -> call(keep) }
    :: d_step {                       /* told to end; it comes back under its name */
        !waits[s] && member[s] && !calm ->
#ifdef MUTATION_LEAVES_BEFORE_CLOSING
        member[s] = 0; map[s] = nothing;
#else
        newLife();
#endif
        call(leave)
    }
    :: d_step { answer[s] == granted -> newLife(); member[s] = 1; renew(); waits[s] = 0; age[s] = 0;
        answer[s] = nothing }
    :: d_step { answer[s] == renewed -> renew(); waits[s] = 0; age[s] = 0; answer[s] = nothing }
    :: d_step { answer[s] == gone -> newLife(); waits[s] = 0; age[s] = 0; answer[s] = nothing }
    :: d_step {                       /* no answer: the call is given up */
        waits[s] && answer[s] == nothing && (!calm || request[s] == nothing) ->
        waits[s] = 0; age[s] = 0; request[s] = nothing
    }
    :: d_step {                       /* a map leaves the coordinator */
        up && map[s] == nothing && member[s] && live[s] && has[s] != (owner == s) ->
        map[s] = (owner == s -> mine : others)
    }
    :: d_step { map[s] == mine && member[s] -> has[s] = 1; map[s] = nothing }
    :: d_step { map[s] == others && member[s] -> has[s] = 0; map[s] = nothing }
#ifdef MUTATION_CHECKS_THEN_SLEEPS
    :: d_step { !checked[s] && has[s] && may[s] > 0 -> checked[s] = 1 }
    :: d_step { checked[s] -> checked[s] = 0 }
#endif
    od
}

init { atomic { run Shard(0); run Shard(1) } }
