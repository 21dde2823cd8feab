/* SPDX-License-Identifier: MIT */
/*
 * ovmf.h - what a build of OVMF tells its loader: a table of GUIDed entries at the end of the file, and two
 * descriptors that entries of the table point to. All numbers are little-endian; nothing is aligned.
 *
 * The file ends at 4 GiB. The table is read backwards from its footer, whose GUID starts OVMF_FOOTER_FROM_END bytes
 * before the end. An entry is its data, a u16 length (data, length and GUID together), a GUID. The footer is an entry
 * without data whose length is that of the whole table.
 *
 * Source: edk2, OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm, X64/OvmfSevMetadata.asm, X64/IgvmMetadata.asm.
 */
#ifndef ABI_OVMF_H
#define ABI_OVMF_H

#include <stdint.h>

#define OVMF_GUID_SIZE 16u
#define OVMF_FOOTER_FROM_END 0x30u /* GUID of the footer: 4 GiB - 0x30 */
#define OVMF_TABLE_END_FROM_END 0x20u /* first byte behind the table */
#define OVMF_ENTRY_OVERHEAD 18u /* length and GUID */

#define OVMF_GUID_FOOTER /* 96b582de-1fb2-45f7-baea-a366c55a082d */ \
	{ 0xDE, 0x82, 0xB5, 0x96, 0xB2, 0x1F, 0xF7, 0x45, 0xBA, 0xEA, 0xA3, 0x66, 0xC5, 0x5A, 0x08, 0x2D }
#define OVMF_GUID_SEV_METADATA /* dc886566-984a-4798-a75e-5585a7bf67cc; u32 offset of the descriptor from the end */ \
	{ 0x66, 0x65, 0x88, 0xDC, 0x4A, 0x98, 0x98, 0x47, 0xA7, 0x5E, 0x55, 0x85, 0xA7, 0xBF, 0x67, 0xCC }
#define OVMF_GUID_IGVM_METADATA /* 784fa70e-3176-4677-8a20-04b68699e374; the same */ \
	{ 0x0E, 0xA7, 0x4F, 0x78, 0x76, 0x31, 0x77, 0x46, 0x8A, 0x20, 0x04, 0xB6, 0x86, 0x99, 0xE3, 0x74 }
#define OVMF_GUID_SEV_RESET_BLOCK /* 00f771de-1a7e-4fcb-890e-68c77e2fb44e; u32 address where an AP starts */ \
	{ 0xDE, 0x71, 0xF7, 0x00, 0x7E, 0x1A, 0xCB, 0x4F, 0x89, 0x0E, 0x68, 0xC7, 0x7E, 0x2F, 0xB4, 0x4E }
#define OVMF_GUID_SEV_SECRET /* 4c2eb361-7d9b-4cc3-8081-127c90d3d294; u32 address, u32 size */ \
	{ 0x61, 0xB3, 0x2E, 0x4C, 0x9B, 0x7D, 0xC3, 0x4C, 0x80, 0x81, 0x12, 0x7C, 0x90, 0xD3, 0xD2, 0x94 }
#define OVMF_GUID_SEV_HASH_TABLE /* 7255371f-3a3b-4b04-927b-1da6efa8d454; u32 address, u32 size */ \
	{ 0x1F, 0x37, 0x55, 0x72, 0x3B, 0x3A, 0x04, 0x4B, 0x92, 0x7B, 0x1D, 0xA6, 0xEF, 0xA8, 0xD4, 0x54 }

/* Header of both descriptors; `length` counts header and entries. */
struct ovmf_descriptor {
	uint8_t signature[4];
	uint32_t length;
	uint32_t version;
	uint32_t count;
};
_Static_assert(sizeof(struct ovmf_descriptor) == 16, "descriptor");

struct ovmf_descriptor_entry {
	uint32_t base;
	uint32_t size;
	uint32_t type;
};
_Static_assert(sizeof(struct ovmf_descriptor_entry) == 12, "descriptor entry");

#define OVMF_SEV_SIGNATURE "ASEV"
#define OVMF_SEV_VERSION 1u
#define OVMF_SEV_MEMORY 1u           /* validated and zero before the start */
#define OVMF_SEV_SECRETS 2u          /* secrets page */
#define OVMF_SEV_CPUID 3u            /* CPUID page */
#define OVMF_SEV_CAA 4u              /* calling area of the first vCPU */
#define OVMF_SEV_KERNEL_HASHES 0x10u /* launch secret and table of kernel hashes; zero: there are none */

#define OVMF_IGVM_SIGNATURE "IGVM"
#define OVMF_IGVM_VERSION 1u
#define OVMF_IGVM_PARAMETERS 0x100u /* base: address of the area that the next two lie in */
#define OVMF_IGVM_MEMORY_MAP 0x101u /* base: offset in the area; struct igvm_memory_map_entry, size 24 each */
#define OVMF_IGVM_VP_COUNT 0x102u   /* base: offset in the area; u32 */
#define OVMF_IGVM_HOBS 0x200u       /* base: address of HOBs that the loader may add; zeros: none */

/* Head of a firmware volume (Platform Initialization specification 1.8, volume 3, 3.2.1); that of variables has this GUID. */
#define OVMF_VOLUME_GUID_OFFSET 0x10u
#define OVMF_VOLUME_LENGTH_OFFSET 0x20u /* u64, bytes, head included */
#define OVMF_VOLUME_SIGNATURE_OFFSET 0x28u
#define OVMF_VOLUME_HEAD_SIZE 0x38u
#define OVMF_VOLUME_SIGNATURE "_FVH"
#define OVMF_GUID_VARIABLES /* fff12b8d-7696-4c8b-a985-2747075b4f50 */ \
	{ 0x8D, 0x2B, 0xF1, 0xFF, 0x96, 0x76, 0x8B, 0x4C, 0xA9, 0x85, 0x27, 0x47, 0x07, 0x5B, 0x4F, 0x50 }

/* Where the processor starts: real mode, CS base 0xFFFF0000. */
#define OVMF_RESET_CS_BASE 0xFFFF0000u
#define OVMF_RESET_CS_SELECTOR 0xF000u
#define OVMF_RESET_IP 0xFFF0u

#endif
