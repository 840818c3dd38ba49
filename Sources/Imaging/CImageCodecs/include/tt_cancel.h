#ifndef TT_CANCEL_H
#define TT_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A flag that one thread sets and a codec on another thread polls between rows. It may have a deadline.
typedef struct tt_cancel tt_cancel;

/// Null if there is not enough memory.
tt_cancel *_Nullable tt_cancel_create(void);
void tt_cancel_destroy(tt_cancel *flag);
void tt_cancel_set(tt_cancel *flag);
/// Lets the flag set itself so much time from now. Call this before the flag is shared.
void tt_cancel_set_deadline(tt_cancel *flag, uint64_t nanoseconds);
/// Whether it was set or its deadline has passed. False for null.
bool tt_cancel_is_set(const tt_cancel *_Nullable flag);
/// Whether the deadline has passed and nobody has set the flag. False for null.
bool tt_cancel_has_timed_out(const tt_cancel *_Nullable flag);

#pragma clang assume_nonnull end

#endif
