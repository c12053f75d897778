/*
 * Migration: a partition moves while it is written to, and whatever dies meanwhile leaves one owner
 * and nothing lost that a surviving process has acknowledged.
 *
 * Two hosts, one partition, two batches, a coordinator with a store. The destination copies the rows
 * while the source goes on, and the source remembers what was touched since (copy). The source stops
 * writing and sends the last of it (seal). The destination says that it has everything (ready). The
 * coordinator makes it the owner under a new incarnation (handed over); it says that it knows (taken), and
 * opens when it has heard that the move has ended. Only then does the source drop its rows. Who never opened
 * has acknowledged nothing, so what any owner has acknowledged counts whoever is it now.
 *
 * Either host and the coordinator may die at any step; any of them may be slow. That a dead host's
 * writes have ended before the coordinator acts on its end is `leases.pml`; that messages of older
 * incarnations are refused is `acknowledgement.pml`. What was said may arrive late and more than once.
 *
 * Properties:
 *   one_owner     safety    who is open is the owner that the store names, and alone
 *   nothing_lost  safety    whoever is open has, once, each batch that a living host acknowledged or
 *                           that the coordinator holds for settled
 *   progress      liveness  in the end somebody is open, or the rows died with their only holder
 *
 * Mutations, each with the property that it must be seen to violate:
 *   MUTATION_OPENS_BEFORE_COMMIT   one_owner     the destination opens as soon as it has everything
 *   MUTATION_CUTS_BEFORE_SEAL      nothing_lost  the source writes on after its last rows
 *   MUTATION_NO_TOUCH_LOG          nothing_lost  rows touched during the copy are not sent again
 *   MUTATION_UNSEALS_ALONE         one_owner     the source writes again by itself
 *   MUTATION_PUBLISHES_FIRST       one_owner     the hand-over is told before it is durable
 *   MUTATION_LATE_READY            nothing_lost  a word of an earlier move counts for this one
 *   MUTATION_APPLIED_SET_STAYS     nothing_lost  the memory of batches does not travel
 *   MUTATION_DROPS_AT_HAND_OVER    progress      the source drops its rows too early
 *   MUTATION_OPENS_AT_HAND_OVER    nothing_lost  the destination opens when it hears that it is the owner
 */
#define KILLS 2
#define CRASHES 1
#define MOVES 3

mtype = { idle, copying, complete, taken, opened, sealed };    /* a host and the partition */
mtype = { none, moving, handed };                       /* the coordinator and the move */

/* What the coordinator decides, and what of it is in its store. */
typedef Decision {
    bit owner;
    byte ownerLife;
    byte incarnation;
    byte sourceLife;                  /* of the move under way, as `destinationLife` */
    byte destinationLife;
    byte move;                        /* the last one's number */
    mtype phase;
    bit lost;                         /* nobody has the rows */
    bit position[2];                  /* this batch is settled */
}
Decision stored, now;
bit up = 1;
bit unsaved;
byte known[2];                        /* lives that hold a lease */
byte kills, crashes;

/* The hosts. */
byte life[2];
mtype state[2] = idle;
byte incarnation[2];                  /* under which it is, or was, open */
byte move[2];                         /* in which it takes part, or 0 */
byte rows[4];                         /* how often batch b is in the rows of host h: [2 * h + b] */
bit applied[4];                       /* ... and in its memory of batches */
bit touched[2];                       /* since the copy began, at the source */

/* Said at some time: the last of the rows, by the source, and words of the destination. */
byte tailOf;
byte tailRows[2];
bit tailApplied[2], tailTouched[2];
bit ready[MOVES + 1], done[MOVES + 1], failed[MOVES + 1];

/* Who has acknowledged a batch: the host, if it is alive, and the newest incarnation that did. */
bit acknowledged[4];
byte acknowledgedIn[2];

#define isOpen(h) (state[h] == opened)
#define owns(h) (stored.owner == h && stored.incarnation == incarnation[h])
#define keeps(h, b) (rows[2 * h + b] <= 1 && (!isOpen(h) || rows[2 * h + b] == 1 \
    || (!acknowledged[b] && !acknowledged[2 + b] && !stored.position[b])))

ltl one_owner { [] ((!isOpen(0) || owns(0)) && (!isOpen(1) || owns(1)) && !(isOpen(0) && isOpen(1))) }

ltl nothing_lost { [] (keeps(0, 0) && keeps(0, 1) && keeps(1, 0) && keeps(1, 1)) }

ltl progress { <> [] (isOpen(0) || isOpen(1) || stored.lost) }

/* ---- coordinator ---- */

inline copyDecision(to, from) {
    to.owner = from.owner; to.ownerLife = from.ownerLife; to.incarnation = from.incarnation;
    to.sourceLife = from.sourceLife; to.destinationLife = from.destinationLife;
    to.move = from.move; to.phase = from.phase; to.lost = from.lost;
    to.position[0] = from.position[0]; to.position[1] = from.position[1]
}

inline save() {
#ifdef MUTATION_PUBLISHES_FIRST
    unsaved = 1
#else
    copyDecision(stored, now)
#endif
}

#define deciding (up && !unsaved && !now.lost)
#define other(h) (1 - h)

inline giveTo(h, itsLife) { now.owner = h; now.ownerLife = itsLife; now.incarnation++ }

inline start() {
    now.move++; now.phase = moving; now.sourceLife = now.ownerLife;
    now.destinationLife = known[other(now.owner)]; save()
}

/* A lease has ended, and the next life of its host is there. */
inline notice(h) {
    known[h] = life[h];
    if
    :: now.phase == moving && h != now.owner ->
        now.phase = none; now.lost = (known[now.owner] != now.ownerLife)
    :: now.phase == moving && h == now.owner                  /* the destination may have it all */
    :: now.phase == handed && h == now.owner ->
        now.phase = none;
        if
        :: known[other(h)] == now.sourceLife ->
            giveTo(other(h), now.sourceLife)
        :: else -> now.lost = 1
        fi
    :: now.phase == handed && h != now.owner                  /* the new owner has still to say it */
    :: now.phase == none && h == now.owner -> now.lost = 1
    :: now.phase == none && h != now.owner
    fi;
    save()
}

#ifdef MUTATION_LATE_READY
#define isReady (ready[1] || ready[2] || ready[3])
#else
#define isReady (ready[now.move])
#endif

inline settle(b) {
    now.position[b] = 1; save()
}

#define counts(b) (!now.position[b] && acknowledgedIn[b] > 0)

proctype Coordinator() {
    do
    :: d_step {
        deciding && now.phase == none && now.move < MOVES && known[now.owner] == now.ownerLife ->
        start()
    }
    :: d_step { deciding && now.phase == moving && known[now.owner] == now.ownerLife ->
        now.phase = none; save() }                            /* given up */
    :: d_step { deciding && now.phase == moving && isReady ->
        giveTo(other(now.owner), now.destinationLife); now.phase = handed; save() }
    :: d_step { deciding && now.phase == moving && failed[now.move] &&
        known[now.owner] != now.ownerLife -> now.lost = 1; save() }
    :: d_step { deciding && now.phase == handed && done[now.move] -> now.phase = none; save() }
    :: d_step { deciding && counts(0) -> settle(0) }
    :: d_step { deciding && counts(1) -> settle(1) }
    :: d_step { deciding && known[0] != life[0] -> notice(0) }
    :: d_step { deciding && known[1] != life[1] -> notice(1) }
    :: d_step { unsaved -> copyDecision(stored, now); unsaved = 0 }
    :: d_step { up && crashes < CRASHES -> crashes++; up = 0; unsaved = 0 }
    :: d_step { !up -> up = 1; copyDecision(now, stored) }
    od
}

/* ---- host h, with the map as it is now (or later: it looks when it comes to it) ---- */

#define mapOwns (up && now.owner == h && now.ownerLife == life[h])
#define mapMoves(m) (up && now.phase == moving && now.move == m)

inline drop() {
    state[h] = idle; move[h] = 0; incarnation[h] = 0;
    rows[2 * h] = 0; rows[2 * h + 1] = 0; applied[2 * h] = 0; applied[2 * h + 1] = 0
}

inline copyRow(b) {
    rows[2 * h + b] = rows[2 * other(h) + b]; touched[b] = 0;
#ifndef MUTATION_APPLIED_SET_STAYS
    applied[2 * h + b] = applied[2 * other(h) + b]
#endif
}

inline cutRow(b) {
    tailRows[b] = rows[2 * h + b]; tailApplied[b] = applied[2 * h + b];
#ifdef MUTATION_NO_TOUCH_LOG
    tailTouched[b] = 0
#else
    tailTouched[b] = touched[b]
#endif
}

inline addTail(b) {
    if
    :: tailTouched[b] ->
        rows[2 * h + b] = tailRows[b];
#ifndef MUTATION_APPLIED_SET_STAYS
        applied[2 * h + b] = tailApplied[b]
#endif
    :: else
    fi
}

inline cut() { cutRow(0); cutRow(1); tailOf = move[h] }

inline open() { state[h] = opened; incarnation[h] = now.incarnation }

/* A push of batch b; it is repeated to whoever owns the partition next. */
inline write(b) {
    if
    :: applied[2 * h + b]
    :: else -> applied[2 * h + b] = 1; touched[b] = 1;
        rows[2 * h + b] = rows[2 * h + b] + (rows[2 * h + b] < 2)
    fi;
    acknowledged[2 * h + b] = 1; acknowledgedIn[b] = incarnation[h]
}

proctype Host(bit h) {
    do
    :: d_step { isOpen(h) && acknowledgedIn[0] != incarnation[h] -> write(0) }
    :: d_step { isOpen(h) && acknowledgedIn[1] != incarnation[h] -> write(1) }

    /* Destination. */
    :: d_step {                       /* it copies */
        state[h] == idle && up && now.phase == moving && now.owner != h &&
        now.destinationLife == life[h] && isOpen(other(h)) ->
        copyRow(0); copyRow(1);
        state[h] = copying; move[h] = now.move; move[other(h)] = now.move
    }
    :: d_step {                       /* it has it all */
        state[h] == copying && tailOf == move[h] ->
        addTail(0); addTail(1);
        state[h] = complete; ready[move[h]] = 1
    }
    :: d_step {                       /* the source is gone, and no tail has come */
        state[h] == copying && mapMoves(move[h]) && known[now.owner] != now.ownerLife ->
        failed[move[h]] = 1; drop()
    }
    :: d_step {                       /* it never began */
        state[h] == idle && up && now.phase == moving && now.owner != h && !failed[now.move] &&
        now.destinationLife == life[h] && known[now.owner] != now.ownerLife ->
        failed[now.move] = 1
    }
#ifdef MUTATION_OPENS_BEFORE_COMMIT
    :: d_step { state[h] == complete -> open(); done[move[h]] = 1; move[h] = 0 }
#else
    :: d_step {                       /* it hears that it is the owner, and says so */
        state[h] == complete && mapOwns && now.move == move[h] ->
        done[move[h]] = 1;
#ifdef MUTATION_OPENS_AT_HAND_OVER
        open(); move[h] = 0
#else
        state[h] = taken
#endif
    }
    :: d_step {                       /* ... and that this is known */
        state[h] == taken && mapOwns && !(now.phase == handed && now.move == move[h]) ->
        open(); move[h] = 0
    }
#endif
    :: d_step {                       /* the move was given up */
        (state[h] == copying || state[h] == complete || state[h] == taken) && up && !mapOwns &&
        !mapMoves(move[h]) -> drop()
    }

    /* Source. */
#ifdef MUTATION_CUTS_BEFORE_SEAL
    :: d_step { isOpen(h) && move[h] != 0 && tailOf != move[h] -> cut() }
    :: d_step { isOpen(h) && move[h] != 0 && tailOf == move[h] -> state[h] = sealed }
#else
    :: d_step { isOpen(h) && move[h] != 0 && tailOf != move[h] -> state[h] = sealed; cut() }
#endif
    :: d_step {                       /* given up, or given back */
        state[h] == sealed && mapOwns && !mapMoves(move[h]) -> open(); move[h] = 0
    }
#ifdef MUTATION_UNSEALS_ALONE
    :: d_step { state[h] == sealed -> state[h] = opened; move[h] = 0 }
#endif
    :: d_step {                       /* the destination has said that it knows */
#ifdef MUTATION_DROPS_AT_HAND_OVER
        state[h] == sealed && up && now.owner != h -> drop()
#else
        state[h] == sealed && up && now.owner != h && now.phase != handed -> drop()
#endif
    }

    :: d_step {                       /* it dies; its next life is empty */
        kills < KILLS ->
        kills++; life[h]++; drop();
        acknowledged[2 * h] = 0; acknowledged[2 * h + 1] = 0
    }
    od
}

init {
    atomic {
        now.incarnation = 1; now.phase = none; copyDecision(stored, now);
        state[0] = opened; incarnation[0] = 1;
        run Coordinator(); run Host(0); run Host(1)
    }
}
