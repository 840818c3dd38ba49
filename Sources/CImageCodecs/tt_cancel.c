#include "tt_cancel.h"

#include <stdatomic.h>
#include <stdlib.h>

struct tt_cancel {
    atomic_bool is_set;
};

tt_cancel *tt_cancel_create(void) {
    tt_cancel *flag = malloc(sizeof *flag);
    if (flag != NULL) atomic_init(&flag->is_set, false);
    return flag;
}

void tt_cancel_destroy(tt_cancel *flag) { free(flag); }

// Relaxed is enough: the flag publishes no other memory, and seeing it a row later does no harm.
void tt_cancel_set(tt_cancel *flag) { atomic_store_explicit(&flag->is_set, true, memory_order_relaxed); }

bool tt_cancel_is_set(const tt_cancel *flag) {
    return flag != NULL && atomic_load_explicit(&flag->is_set, memory_order_relaxed);
}
