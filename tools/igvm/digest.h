/* SPDX-License-Identifier: MIT */
/*
 * digest.h - the SNP launch digest of an IGVM file, as the security processor computes it when a host loads the file
 * page by page (SNP firmware ABI, SNP_LAUNCH_UPDATE). Written apart from Nutshell's: the two check each other.
 *
 * The digest is a chain: each launched page extends it by its type, its address and, for some types, its content. What
 * a host launches from a file, and in which order, is a list of steps; hosts differ in two points (enum loader).
 */
#ifndef IGVM_DIGEST_H
#define IGVM_DIGEST_H

#include "abi/snp.h"
#include "lib/igvm.h"

enum loader {
	/*
	 * QEMU with KVM: pages without content are launched as pages of type "zero"; VMSAs come after all pages, when the
	 * launch ends, and all at one address, whatever the file says.
	 */
	LOADER_QEMU,
	/* The IGVM library's own measurement, and what the format's specification says: file order, zeros as content. */
	LOADER_LIBRARY,
	LOADER_COUNT
};
const char *loader_name(enum loader loader); /* "qemu", "library" */
const char *loader_summary(enum loader loader);
/* ERR_NOT_FOUND when there is none of that name. */
__must_check int loader_find(const char *name, enum loader *loader);

/* One page of the chain. */
struct step {
	uint64_t gpa;
	uint64_t offset;		   /* of the directive in the file */
	uint8_t type;			   /* SNP_PAGE_TYPE_* */
	uint8_t contents[SNP_DIGEST_SIZE]; /* SHA-384 of the page, zeros for types whose content is not measured */
};

struct steps {
	struct step *step;
	size_t count, capacity;
};
#define STEPS_MAX (4u << 20) /* 16 GiB of launched pages */

/*
 * What a loader launches for the platform with this compatibility mask. Fails, and fills *error, when a directive is
 * malformed or the file launches more than STEPS_MAX pages. The list is to be freed in either case.
 */
__must_check int steps_collect(const struct igvm_file *file, uint32_t mask, enum loader loader, struct steps *steps,
			       struct igvm_error *error);
void steps_free(struct steps *steps);

/* Extends a digest by one step. */
void step_extend(const struct step *step, uint8_t digest[SNP_DIGEST_SIZE]);

/* All steps from a digest of zeros on. */
void steps_digest(const struct steps *steps, uint8_t digest[SNP_DIGEST_SIZE]);

/* Both of these: the digest of a file. */
__must_check int digest_compute(const struct igvm_file *file, uint32_t mask, enum loader loader,
				uint8_t digest[SNP_DIGEST_SIZE], struct igvm_error *error);

/* Lower-case hexadecimal; text has 2 * SNP_DIGEST_SIZE + 1 bytes. */
void digest_format(const uint8_t digest[SNP_DIGEST_SIZE], char *text);

/* "normal", "VMSA", "zero", ... */
const char *step_type_name(uint8_t type);

#endif
