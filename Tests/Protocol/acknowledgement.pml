/*
 * Incarnations and acknowledgement: every batch counts once, and only the present owner's word counts.
 *
 * One partition of two shards, one batch of one part, its worker, and a coordinator with a store. That
 * an owner cannot write once the partition was given away is `leases.pml`; here the numbers do their
 * work. Whoever takes the partition over starts without the batch (it restores an older state), so the
 * position goes back with it, and a new generation begins, whose batches are counted anew.
 *
 * The network is the worst there can be: what was sent once arrives at any later time, any number of
 * times, or never. A stopped process that wakes is one whose messages are late.
 *
 * Properties:
 *   once           safety    no rows have the batch twice
 *   position_true  safety    a position means that the present owner has applied the batch
 *   remembered     safety    an acknowledged position outlives crashes, until the partition is lost
 *   progress       fair      once faults end, the batch is settled under the last owner
 *
 * Mutations, each with the property that it must be seen to violate:
 *   MUTATION_NO_FENCING           once           a push's incarnation is not compared
 *   MUTATION_NO_CHECK_AFTER_WAIT  once           a push that waited is not checked again
 *   MUTATION_NO_APPLIED_SET       once           a repeated batch is applied again
 *   MUTATION_ANY_ACKNOWLEDGEMENT  position_true  a position counts, whoever acknowledged
 *   MUTATION_POSITION_KEPT        position_true  it stays with an owner without the batch
 *   MUTATION_ANSWERS_FIRST        remembered     a position is told before it is durable
 *   MUTATION_PUBLISHES_FIRST      once           a number is told, forgotten, and comes twice
 *   MUTATION_NEVER_REFRESHES      progress       a worker keeps the map it has
 */
#define LAST 4                        /* incarnations of the partition */
#define CRASHES 1

/* The coordinator's store, and its memory. */
byte storedIncarnation = 1, incarnation = 1;
bit storedOwner, owner;
bit storedPosition, position;
bit up = 1;
bit unsaved;
byte crashes;
byte told;                            /* under which incarnation the position was acknowledged last */

/* Sent at some time, by the incarnation it names. */
bit push[LAST + 1], ack[LAST + 1], report[LAST + 1];

/* The shards. */
byte open[2];                         /* the incarnation under which the partition is open, or 0 */
bit ended[2];                         /* the lease is over: no writes until it has joined anew */
byte generation[2];
bit applied[2];                       /* the batch is in the memory of this generation */
byte waiting[2];                      /* a push that was checked and has to wait, or 0 */

byte worker = 1;                      /* the incarnation on the worker's map */

/* How often the batch is in the rows that an incarnation of the partition has. */
byte times[LAST + 1];

ltl once { [] (times[1] <= 1 && times[2] <= 1 && times[3] <= 1 && times[4] <= 1) }

ltl position_true { [] (!storedPosition || times[storedIncarnation] == 1) }

ltl remembered { [] (told == 0 || storedIncarnation > told || storedPosition) }

ltl progress { <> [] storedPosition }

/* ---- coordinator ---- */

#define ready (up && !unsaved)

inline store() {
    storedIncarnation = incarnation; storedOwner = owner; storedPosition = position
}

inline saveMap() {
#ifdef MUTATION_PUBLISHES_FIRST
    unsaved = 1
#else
    store()
#endif
}

inline savePosition() {
#ifdef MUTATION_ANSWERS_FIRST
    unsaved = 1
#else
    store()
#endif
}

/* The owner's lease has ended: the partition goes to `to`, which may be the next life of the same. */
inline rehome(to) {
    ended[owner] = 1;
    if
    :: to == owner -> ended[to] = 0; open[to] = 0
    :: else
    fi;
    owner = to; incarnation++;
#ifndef MUTATION_POSITION_KEPT
    position = 0;
#endif
    saveMap()
}

#ifdef MUTATION_ANY_ACKNOWLEDGEMENT
#define proven (report[1] || report[2] || report[3] || report[4])
#else
#define proven (report[incarnation])
#endif

active proctype Coordinator() {
    do
    :: d_step { ready && incarnation < LAST && (owner == 0 || !ended[0]) -> rehome(0) }
    :: d_step { ready && incarnation < LAST && (owner == 1 || !ended[1]) -> rehome(1) }
    :: d_step { ready && !position && proven -> position = 1; told = incarnation; savePosition() }
    :: d_step { unsaved -> store(); unsaved = 0 }
    :: d_step { up && crashes < CRASHES -> crashes++; up = 0; unsaved = 0 }
    :: d_step {
        !up ->
        up = 1; incarnation = storedIncarnation; owner = storedOwner; position = storedPosition
    }
    od
}

/* ---- shard ---- */

/* Applies the batch of a push that believes in `i`, once in a generation, and says who did. */
inline apply(i) {
    if
    :: i < generation[s]              /* of an older generation: refused */
    :: else ->
        if
        :: i > generation[s] -> generation[s] = i; applied[s] = 0
        :: else
        fi;
        if
#ifndef MUTATION_NO_APPLIED_SET
        :: applied[s]
#endif
        :: else -> applied[s] = 1; times[open[s]] = times[open[s]] + (times[open[s]] < 2)
        fi;
        ack[open[s]] = 1
    fi
}

#ifdef MUTATION_NO_FENCING
#define current(i) (open[s] != 0 && !ended[s])
#else
#define current(i) (open[s] == i && !ended[s])
#endif

/* A push comes to an open partition; it may have to wait. */
#define comes(i) (push[i] && current(i) && waiting[s] == 0)

proctype Shard(bit s) {
    do
    :: d_step {                       /* the map gives the partition to this life */
        up && owner == s && !ended[s] && open[s] != incarnation ->
        open[s] = incarnation; generation[s] = 1; applied[s] = 0
    }
    :: d_step { up && owner != s && open[s] != 0 -> open[s] = 0 }
    :: d_step { ended[s] && up && owner != s -> ended[s] = 0; open[s] = 0 }   /* a new life */
    :: d_step { comes(1) -> waiting[s] = 1 }
    :: d_step { comes(2) -> waiting[s] = 2 }
    :: d_step { comes(3) -> waiting[s] = 3 }
    :: d_step { comes(4) -> waiting[s] = 4 }
    :: d_step {                       /* its turn has come */
        waiting[s] != 0 ->
        if
#ifdef MUTATION_NO_CHECK_AFTER_WAIT
        :: open[s] != 0 && !ended[s] -> apply(waiting[s])
#else
        :: current(waiting[s]) -> apply(waiting[s])
#endif
        :: else
        fi;
        waiting[s] = 0
    }
    od
}

/* ---- worker ---- */

active proctype Worker() {
    do
    :: d_step { !push[worker] -> push[worker] = 1 }
#ifndef MUTATION_NEVER_REFRESHES
    :: d_step { up && worker != incarnation -> worker = incarnation }
#endif
    :: d_step { ack[1] && !report[1] -> report[1] = 1 }
    :: d_step { ack[2] && !report[2] -> report[2] = 1 }
    :: d_step { ack[3] && !report[3] -> report[3] = 1 }
    :: d_step { ack[4] && !report[4] -> report[4] = 1 }
    od
}

/* Something can always happen: fairness is not defined where nothing can. */
active proctype Idle() { do :: worker > 0 od }

init { atomic { run Shard(0); run Shard(1) } }
