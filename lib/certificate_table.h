/* SPDX-License-Identifier: MIT */
/*
 * certificate_table.h - the table of certificates that an untrusted host hands out with an attestation report
 * (struct snp_certificate_entry: entries, an entry of zeros, the certificates).
 *
 * A table is accepted when it ends, when its certificates lie behind it and within the buffer, and when no byte belongs to two
 * of them. Nothing here looks into a certificate.
 */
#ifndef LIB_CERTIFICATE_TABLE_H
#define LIB_CERTIFICATE_TABLE_H

#include "abi/snp.h"
#include "lib/types.h"

#define CERTIFICATE_TABLE_MAX 16u

/*
 * Bytes of a table in a buffer of capacity bytes, certificates included: 0 when it is empty. ERR_FORMAT: malformed, or
 * more than CERTIFICATE_TABLE_MAX entries.
 */
int certificate_table_size(const uint8_t *table, uint32_t capacity, uint32_t *size) __must_check;

/*
 * Stricter, for a file: a table that is not empty, whose kinds of certificate are named once each, and in which every
 * byte that belongs to nothing is zero. ERR_FORMAT.
 */
int certificate_table_check(const uint8_t *table, uint32_t size) __must_check;

/* A certificate of a table that was accepted: its place; ERR_NOT_FOUND. */
int certificate_table_find(const uint8_t *table, uint32_t size, const uint8_t guid[16], uint32_t *offset,
			   uint32_t *length) __must_check;

#endif
