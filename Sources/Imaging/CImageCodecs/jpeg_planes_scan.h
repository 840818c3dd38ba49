#ifndef TT_JPEG_PLANES_SCAN_H
#define TT_JPEG_PLANES_SCAN_H

#include <stdbool.h>

#include "jpeg_support.h"
#include "tt_jpeg_planes.h"

/// Decodes the one scan of a baseline JPEG at a part of its size, without libjpeg, whose Huffman decoding takes four
/// fifths of a small rendition's time: here codes and values are taken in one step each, and a coefficient is added
/// straight to the few samples that are wanted.
///
/// - cinfo: has just read its header, and stands before the scan.
/// - Returns: TT_UNSUPPORTED where it is no such file, or anything in the scan is odd: libjpeg then judges and repairs.
tt_status jpeg_planes_scan(
    j_decompress_ptr cinfo, uint32_t denominator, bool keeps_chroma, const tt_cancel *cancel, tt_planes *planes);

#endif
