/* SPDX-License-Identifier: MIT */
/*
 * igvm.h - the Independent Guest Virtual Machine file format.
 *
 * Source: igvm_defs of the IGVM project (versions 1 and 2 of the fixed header).
 * A file is: fixed header, variable headers ({type, length, body, pad to 8}), file data. All little-endian.
 */
#ifndef ABI_IGVM_H
#define ABI_IGVM_H

#include <stddef.h>
#include <stdint.h>

#define IGVM_MAGIC 0x4D564749u /* "IGVM" */
#define IGVM_ARCH_X64 0u

struct igvm_fixed_header {
	uint32_t magic;
	uint32_t format_version;         /* 1 or 2 */
	uint32_t variable_header_offset; /* multiple of 8 */
	uint32_t variable_header_size;
	uint32_t total_file_size;
	uint32_t checksum; /* CRC-32 of this header (field zero) and of the variable headers */
};
_Static_assert(sizeof(struct igvm_fixed_header) == 24, "IGVM fixed header, version 1");

struct igvm_fixed_header_v2 {
	struct igvm_fixed_header v1;
	uint32_t architecture;
	uint32_t page_size;
};
_Static_assert(sizeof(struct igvm_fixed_header_v2) == 32, "IGVM fixed header, version 2");

struct igvm_variable_header {
	uint32_t type;
	uint32_t length; /* of the body, without padding */
};

#define IGVM_TYPE_OPTIONAL 0x80000000u /* a loader that does not know the type may skip it */

#define IGVM_VHT_SUPPORTED_PLATFORM 0x001u
#define IGVM_VHT_GUEST_POLICY 0x101u
#define IGVM_VHT_RELOCATABLE_REGION 0x102u
#define IGVM_VHT_PAGE_TABLE_RELOCATION 0x103u
#define IGVM_VHT_PARAMETER_AREA 0x301u
#define IGVM_VHT_PAGE_DATA 0x302u
#define IGVM_VHT_PARAMETER_INSERT 0x303u
#define IGVM_VHT_VP_CONTEXT 0x304u
#define IGVM_VHT_REQUIRED_MEMORY 0x305u
#define IGVM_VHT_VP_COUNT_PARAMETER 0x307u
#define IGVM_VHT_SRAT 0x308u
#define IGVM_VHT_MADT 0x309u
#define IGVM_VHT_MMIO_RANGES 0x30Au
#define IGVM_VHT_SNP_ID_BLOCK 0x30Bu
#define IGVM_VHT_MEMORY_MAP 0x30Cu
#define IGVM_VHT_ERROR_RANGE 0x30Du
#define IGVM_VHT_COMMAND_LINE 0x30Eu
#define IGVM_VHT_SLIT 0x30Fu
#define IGVM_VHT_PPTT 0x310u
#define IGVM_VHT_VBS_MEASUREMENT 0x311u
#define IGVM_VHT_DEVICE_TREE 0x312u
#define IGVM_VHT_ENVIRONMENT_INFO 0x313u

#define IGVM_PLATFORM_NATIVE 0u
#define IGVM_PLATFORM_VSM 1u
#define IGVM_PLATFORM_SEV_SNP 2u
#define IGVM_PLATFORM_TDX 3u

struct igvm_supported_platform {
	uint32_t compatibility_mask; /* exactly one bit */
	uint8_t highest_vtl;
	uint8_t platform_type;
	uint16_t platform_version; /* 1 */
	uint64_t shared_gpa_boundary;
};
struct igvm_guest_policy {
	uint64_t policy;
	uint32_t compatibility_mask;
	uint32_t reserved;
};
struct igvm_parameter_area {
	uint64_t number_of_bytes; /* multiple of the page size */
	uint32_t parameter_area_index;
	uint32_t file_offset; /* initial content, 0: zeros */
};

#define IGVM_PAGE_FLAG_2M (1u << 0)
#define IGVM_PAGE_FLAG_UNMEASURED (1u << 1)
#define IGVM_PAGE_FLAG_SHARED (1u << 2)
#define IGVM_PAGE_TYPE_NORMAL 0u
#define IGVM_PAGE_TYPE_SECRETS 1u
#define IGVM_PAGE_TYPE_CPUID_DATA 2u
#define IGVM_PAGE_TYPE_CPUID_XF 3u
struct igvm_page_data {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t file_offset; /* from the start of the file; 0: a page of zeros */
	uint32_t flags;
	uint16_t data_type;
	uint16_t reserved;
};
struct igvm_parameter_insert {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t parameter_area_index;
};
struct igvm_parameter {
	uint32_t parameter_area_index;
	uint32_t byte_offset;
};
struct __attribute__((packed)) igvm_vp_context {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t file_offset;
	uint16_t vp_index;
	uint16_t reserved;
};
struct igvm_required_memory {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t number_of_bytes;
	uint32_t flags;
	uint32_t reserved;
};

/* Numbers are little-endian here, in 72 bytes of which a P-384 number takes 48. */
#define IGVM_SNP_NUMBER_SIZE 72u
struct igvm_snp_signature {
	uint8_t r[IGVM_SNP_NUMBER_SIZE], s[IGVM_SNP_NUMBER_SIZE];
};
struct igvm_snp_public_key {
	uint32_t curve; /* SNP_CURVE_P384 */
	uint32_t reserved;
	uint8_t qx[IGVM_SNP_NUMBER_SIZE], qy[IGVM_SNP_NUMBER_SIZE];
};
struct igvm_snp_id_block {
	uint32_t compatibility_mask;
	uint8_t author_key_enabled;
	uint8_t reserved[3];
	uint8_t ld[48]; /* launch digest */
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t version; /* 1 */
	uint32_t guest_svn;
	uint32_t id_key_algorithm;     /* SNP_ALGORITHM_ECDSA_P384_SHA384 */
	uint32_t author_key_algorithm; /* ... or 0 without an author key */
	struct igvm_snp_signature id_key_signature;
	struct igvm_snp_public_key id_public_key;
	struct igvm_snp_signature author_key_signature;
	struct igvm_snp_public_key author_public_key;
};
_Static_assert(sizeof(struct igvm_snp_id_block) == 0x2B8, "SNP_ID_BLOCK");
_Static_assert(offsetof(struct igvm_snp_id_block, id_key_signature) == 0x068, "SNP_ID_BLOCK.id_key_signature");
_Static_assert(offsetof(struct igvm_snp_id_block, author_key_signature) == 0x190, "SNP_ID_BLOCK.author_key_signature");
_Static_assert(sizeof(struct igvm_supported_platform) == 16, "SUPPORTED_PLATFORM");
_Static_assert(sizeof(struct igvm_guest_policy) == 16, "GUEST_POLICY");
_Static_assert(sizeof(struct igvm_parameter_area) == 16, "PARAMETER_AREA");
_Static_assert(sizeof(struct igvm_page_data) == 24, "PAGE_DATA");
_Static_assert(sizeof(struct igvm_parameter_insert) == 16, "PARAMETER_INSERT");
_Static_assert(sizeof(struct igvm_vp_context) == 20, "VP_CONTEXT");
_Static_assert(sizeof(struct igvm_required_memory) == 24, "REQUIRED_MEMORY");

/* Contents that the loader writes into parameter areas. */
#define IGVM_MEMORY_TYPE_MEMORY 0u
#define IGVM_MEMORY_TYPE_RESERVED 1u
#define IGVM_MEMORY_TYPE_PERSISTENT 2u
#define IGVM_MEMORY_TYPE_VTL2_PROTECTABLE 3u
struct igvm_memory_map_entry {
	uint64_t start_page;
	uint64_t page_count; /* 0 ends the map */
	uint16_t type;
	uint16_t flags;
	uint32_t reserved;
};
_Static_assert(sizeof(struct igvm_memory_map_entry) == 24, "memory map entry");
#define IGVM_ENVIRONMENT_MEMORY_IS_SHARED (1u << 0)

/* The GPA that QEMU/KVM expects in the boot processor's VP_CONTEXT. */
#define IGVM_KVM_VMSA_GPA 0xFFFFFFFFF000ull

#endif
