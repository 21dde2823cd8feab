/* SPDX-License-Identifier: MIT */
/*
 * source.h - an image that a command works on: read, checked, and, when it is one of this monitor's, taken apart.
 */
#ifndef IGVM_SOURCE_H
#define IGVM_SOURCE_H

#include "check.h"
#include "digest.h"
#include "own.h"
#include "util.h"

struct source {
	const char *path;
	struct blob blob; /* the whole file; may be changed where no header and no checksum is touched */
	struct igvm_file file;
	struct summary summary;
	bool is_own;
	struct own_pages own; /* when is_own */
	const char *not_own;  /* why an image with a launch block is not taken for one of this monitor's; NULL: no launch block */
	bool has_id_block;
	struct igvm_snp_id_block id_block; /* the first for the SNP platform */
};

/* Reports what is wrong and returns ERR_*; the source is to be closed in either case. */
__must_check int source_open(struct source *source, const char *path);
void source_close(struct source *source);

/* Compatibility mask of the SEV-SNP platform, 0: the file has none. */
uint32_t source_snp_mask(const struct source *source);
/* As above; reports when there is none. */
__must_check int source_need_snp(const struct source *source, const char *command, uint32_t *mask);
/* The guest policy for a mask; false: the file has none. */
bool source_guest_policy(const struct source *source, uint32_t mask, uint64_t *policy);

/* Digest for a loader; reports when that fails. */
__must_check int source_digest(const struct source *source, uint32_t mask, enum loader loader,
			       uint8_t digest[SNP_DIGEST_SIZE]);

/* Exchanges the policy page in memory. The source is one of this monitor's. */
void source_set_policy(struct source *source, const struct policy_page *policy);

#endif
