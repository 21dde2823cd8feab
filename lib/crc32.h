/* SPDX-License-Identifier: MIT */
/*
 * crc32.h - CRC-32 as IEEE 802.3 defines it (reflected polynomial 0xEDB88320): the checksum of IGVM and GPT headers.
 * It detects accidents, not attacks.
 */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * Extends a checksum by more bytes. Starts with 0; the result of one call is the start of the next, so that
 * crc32_extend(crc32_extend(0, a), b) is the checksum of a followed by b.
 */
uint32_t crc32_extend(uint32_t checksum, const void *data, size_t size);

#endif
