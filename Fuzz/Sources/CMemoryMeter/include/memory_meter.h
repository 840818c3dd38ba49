#ifndef MEMORY_METER_H
#define MEMORY_METER_H

#include <stdbool.h>
#include <stddef.h>

/// Counts what AddressSanitizer's allocator hands out, to the codecs of the distribution too. For one thread.
void meter_install(void);
/// Begins a measure: from here on the most that is held beside what is held now is remembered.
void meter_begin(void);
/// The most bytes since `meter_begin`.
size_t meter_peak(void);

#endif
