/* SPDX-License-Identifier: MIT */
/* Copies and fills of any size, of which one byte that nobody chose is followed: the others are lost. */
#ifndef PROOFS_FOLLOWED_BYTE_H
#define PROOFS_FOLLOWED_BYTE_H

#include "proofs/prover.h"

#include <stddef.h>
#include <stdint.h>

static uint64_t witness; /* its place */

static void *copy_bytes(void *to, const void *from, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(to, size) && __CPROVER_r_ok(from, size)), "both sides are as long");
	if (witness < size)
		((uint8_t *)to)[witness] = ((const uint8_t *)from)[witness];
	return to;
}

static void *set_bytes(void *to, int byte, size_t size)
{
	PROVE(__CPROVER_w_ok(to, size), "there is room");
	if (witness < size)
		((uint8_t *)to)[witness] = (uint8_t)byte;
	return to;
}

#endif
