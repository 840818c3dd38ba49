#ifndef TT_CANCEL_H
#define TT_CANCEL_H

#include <stdbool.h>

#pragma clang assume_nonnull begin

/// A flag that one thread sets and a codec on another polls between rows.
typedef struct tt_cancel tt_cancel;

/// Null where memory is out.
tt_cancel *_Nullable tt_cancel_create(void);
void tt_cancel_destroy(tt_cancel *flag);
void tt_cancel_set(tt_cancel *flag);
/// False for null.
bool tt_cancel_is_set(const tt_cancel *_Nullable flag);

#pragma clang assume_nonnull end

#endif
