/* SPDX-License-Identifier: MIT */
/*
 * digest.h - the SNP launch digest of an IGVM file, as the security processor computes it when a host loads the file
 * page by page (SNP firmware ABI, SNP_LAUNCH_UPDATE). Written apart from Nutshell's: the two check each other.
 */
#ifndef IGVM_DIGEST_H
#define IGVM_DIGEST_H

#include "abi/snp.h"
#include "lib/igvm.h"

/* How a loader launches a PAGE_DATA without content. */
enum zero_pages {
	ZERO_PAGES_NORMAL, /* as a measured page that holds zeros: the format's specification */
	ZERO_PAGES_NATIVE, /* as page type "zero": QEMU */
};

/*
 * Digest for the platform with this compatibility mask. *ambiguous is set when the file has pages without content, so
 * that the digest depends on the loader. Fails, and fills *error, when a directive is malformed.
 */
__must_check int digest_compute(const struct igvm_file *file, uint32_t mask, enum zero_pages zero_pages,
				uint8_t digest[SNP_DIGEST_SIZE], bool *ambiguous, struct igvm_error *error);

/* Lower-case hexadecimal; text has 2 * SNP_DIGEST_SIZE + 1 bytes. */
void digest_format(const uint8_t digest[SNP_DIGEST_SIZE], char *text);

#endif
