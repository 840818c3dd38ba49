// clock_gettime is POSIX.
#define _GNU_SOURCE
#include "tt_cancel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct tt_cancel {
    atomic_bool is_set;
    /// Nanoseconds of the monotonic clock; 0 for none. Written before the flag is shared.
    uint64_t deadline;
};

// The coarse clock costs some nanoseconds and is accurate to milliseconds: enough for a check per row.
#ifdef CLOCK_MONOTONIC_COARSE
#define TT_CLOCK CLOCK_MONOTONIC_COARSE
#else
#define TT_CLOCK CLOCK_MONOTONIC
#endif

static uint64_t now(void) {
    struct timespec time = {0};
    if (clock_gettime(TT_CLOCK, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

tt_cancel *tt_cancel_create(void) {
    tt_cancel *flag = malloc(sizeof *flag);
    if (flag == NULL) return NULL;
    atomic_init(&flag->is_set, false);
    flag->deadline = 0;
    return flag;
}

void tt_cancel_destroy(tt_cancel *flag) { free(flag); }

// Relaxed is enough: the flag publishes no other memory, and seeing it one row later does no harm.
void tt_cancel_set(tt_cancel *flag) { atomic_store_explicit(&flag->is_set, true, memory_order_relaxed); }

void tt_cancel_set_deadline(tt_cancel *flag, uint64_t nanoseconds) {
    uint64_t start = now();
    flag->deadline = nanoseconds < UINT64_MAX - start ? start + nanoseconds : UINT64_MAX;
}

static bool was_set(const tt_cancel *flag) { return atomic_load_explicit(&flag->is_set, memory_order_relaxed); }

bool tt_cancel_has_timed_out(const tt_cancel *flag) {
    return flag != NULL && !was_set(flag) && flag->deadline != 0 && now() >= flag->deadline;
}

bool tt_cancel_is_set(const tt_cancel *flag) {
    return flag != NULL && (was_set(flag) || (flag->deadline != 0 && now() >= flag->deadline));
}
