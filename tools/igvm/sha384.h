/* SPDX-License-Identifier: MIT */
/* sha384.h - SHA-384 from libcrypto, apart from the rest because that library's headers and ours share names. */
#ifndef IGVM_SHA384_H
#define IGVM_SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE 48u

/* Ends the program when libcrypto does not offer SHA-384. */
void sha384(const void *data, size_t size, uint8_t hash[SHA384_SIZE]);

#endif
