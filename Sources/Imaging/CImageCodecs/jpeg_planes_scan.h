#ifndef TT_JPEG_PLANES_SCAN_H
#define TT_JPEG_PLANES_SCAN_H

#include <stdbool.h>

#include "jpeg_support.h"
#include "tt_jpeg_planes.h"

/// Decodes the only scan of a baseline JPEG at a fraction of its size, without libjpeg, whose Huffman decoding takes
/// four fifths of a small rendition's time. Here, codes and values are read in one step, and each coefficient is added
/// directly to the few samples that are needed.
///
/// - cinfo: has just read its header, and is before the scan.
/// - Returns: TT_UNSUPPORTED if it is another kind of file, or anything in the scan is irregular: libjpeg then judges
///   and repairs.
tt_status tt_jpeg_planes_scan(
    j_decompress_ptr cinfo, uint32_t denominator, bool keeps_chroma, const tt_cancel *cancel, tt_planes *planes);

#endif
