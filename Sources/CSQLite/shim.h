#pragma once

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift does not import: "copy the bytes before returning".
static inline sqlite3_destructor_type lehr_sqlite_transient(void) { return SQLITE_TRANSIENT; }

// Seeds SQLite's own generator, which the whole process shares: not 0. Variadic, so that Swift cannot.
static inline void lehr_sqlite_seed(int seed) {
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, (sqlite3 *)0);
}
