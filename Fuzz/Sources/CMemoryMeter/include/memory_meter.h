#ifndef MEMORY_METER_H
#define MEMORY_METER_H

#include <stdbool.h>
#include <stddef.h>

/// Counts the allocations of AddressSanitizer's allocator, including those of the distribution's codecs. For one
/// thread.
void meter_install(void);
/// Begins a measurement: from here on, the peak above the bytes that are allocated now is recorded.
void meter_begin(void);
/// The peak in bytes since `meter_begin`.
size_t meter_peak(void);

#endif
