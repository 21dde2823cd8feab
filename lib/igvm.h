/* SPDX-License-Identifier: MIT */
/*
 * igvm.h - reader of IGVM files (abi/igvm.h), for the builder's "inspect", for loaders and for tests.
 *
 * It works on a whole file in memory, allocates nothing and changes nothing. No field of the file is trusted: every
 * length, offset and sum is checked before it is used, and every structure is copied out before it is looked at.
 *
 * Use: igvm_open() checks the fixed header, the checksum, and walks all variable headers once (lengths, order of
 * sections, known types). After that igvm_next() hands them out in file order, and igvm_read_*() copies a body that
 * has exactly the size its type demands. File contents are reached only by igvm_file_data().
 *
 * Functions return 0 or a negative ERR_*. When they fail with ERR_FORMAT or ERR_UNSUPPORTED they fill *error: a text
 * without a full stop, the offset in the file where the problem sits, and the type of the variable header (0: none).
 */
#ifndef LIB_IGVM_H
#define LIB_IGVM_H

#include "abi/igvm.h"
#include "lib/types.h"

struct igvm_error {
	const char *text;
	uint64_t offset;
	uint32_t type;
};

struct igvm_file {
	const uint8_t *data;
	uint64_t size; /* total_file_size of the header; bytes behind it are ignored */
	uint32_t version;
	uint32_t architecture; /* IGVM_ARCH_X64 in version 1 */
	uint32_t page_size; /* 4096 in version 1 */
	uint32_t checksum;
	uint64_t headers_offset; /* variable headers: [headers_offset, headers_offset + headers_size) */
	uint64_t headers_size;
};

/* One variable header. */
struct igvm_header {
	uint32_t type; /* IGVM_VHT_*, without the optional bit */
	bool optional; /* a loader that does not know the type may skip it */
	uint32_t length;
	uint64_t offset; /* of the header in the file; the body is 8 bytes further */
};

/* Position of a walk over the variable headers. All zero at the start. */
struct igvm_cursor {
	uint64_t consumed;
};

/*
 * Opens the file that lies in data[0..size). The memory must stay in place and unchanged as long as the file is used.
 * ERR_FORMAT: not an IGVM file, truncated, checksum wrong, headers malformed or out of order.
 * ERR_UNSUPPORTED: a version, architecture or page size that this reader does not know, or an unknown variable
 * header that is not marked optional.
 */
__must_check int igvm_open(struct igvm_file *file, const void *data, uint64_t size, struct igvm_error *error);

/* Next variable header in file order; ERR_NOT_FOUND behind the last one. */
__must_check int igvm_next(const struct igvm_file *file, struct igvm_cursor *cursor, struct igvm_header *header,
			   struct igvm_error *error);

/* Name of a type as in IGVM_VHT_*, "unknown" for others. */
const char *igvm_type_name(uint32_t type);
/* True when the type is one of IGVM_VHT_*. */
bool igvm_type_known(uint32_t type);

/*
 * Copies of bodies. ERR_FORMAT when the header's length is not the structure's size, a reserved field is not zero, or
 * a field breaks a rule of the format that needs no other header to see (alignment of addresses, one bit in the mask
 * of a platform, page sizes). The header must have the right type; ERR_INVALID otherwise.
 */
__must_check int igvm_read_platform(const struct igvm_file *file, const struct igvm_header *header,
				    struct igvm_supported_platform *platform, struct igvm_error *error);
__must_check int igvm_read_policy(const struct igvm_file *file, const struct igvm_header *header,
				  struct igvm_guest_policy *policy, struct igvm_error *error);
__must_check int igvm_read_parameter_area(const struct igvm_file *file, const struct igvm_header *header,
					  struct igvm_parameter_area *area, struct igvm_error *error);
__must_check int igvm_read_page_data(const struct igvm_file *file, const struct igvm_header *header,
				     struct igvm_page_data *page, struct igvm_error *error);
__must_check int igvm_read_parameter_insert(const struct igvm_file *file, const struct igvm_header *header,
					    struct igvm_parameter_insert *insert, struct igvm_error *error);
__must_check int igvm_read_vp_context(const struct igvm_file *file, const struct igvm_header *header,
				      struct igvm_vp_context *context, struct igvm_error *error);
__must_check int igvm_read_required_memory(const struct igvm_file *file, const struct igvm_header *header,
					   struct igvm_required_memory *memory, struct igvm_error *error);
__must_check int igvm_read_id_block(const struct igvm_file *file, const struct igvm_header *header,
				    struct igvm_snp_id_block *block, struct igvm_error *error);
/* For all types whose body is a parameter: igvm_type_is_parameter(). */
__must_check int igvm_read_parameter(const struct igvm_file *file, const struct igvm_header *header,
				     struct igvm_parameter *parameter, struct igvm_error *error);
/* VP_COUNT, SRAT, MADT, MMIO_RANGES, MEMORY_MAP, COMMAND_LINE, SLIT, PPTT, DEVICE_TREE, ENVIRONMENT_INFO. */
bool igvm_type_is_parameter(uint32_t type);

/* Bytes that one PAGE_DATA covers: 4096, or 2 MiB with IGVM_PAGE_FLAG_2M. */
uint64_t igvm_page_data_size(const struct igvm_page_data *page);

/*
 * Pointer to [offset, offset + size) of the file, for a file_offset field of this header. ERR_FORMAT when it does not
 * lie in the file or touches its headers. An offset of 0 means "zeros" and is the caller's to handle; it fails here.
 */
__must_check int igvm_file_data(const struct igvm_file *file, const struct igvm_header *header, uint64_t offset,
				uint64_t size, const uint8_t **data, struct igvm_error *error);

#endif
