/* SPDX-License-Identifier: MIT */
/*
 * bzimage.h - reader of the Linux x86 boot header, for a direct 64-bit boot.
 *
 * Source: the x86 boot protocol. Accepted are images of protocol 2.12 and later with a 64-bit entry point. The file
 * lies whole in memory and is not trusted.
 */
#ifndef LIB_BZIMAGE_H
#define LIB_BZIMAGE_H

#include "lib/types.h"

/* Offsets of fields in the file's first sectors; the same ones in boot_params (the "zero page"). */
#define BZIMAGE_OFF_SETUP_HEADER 0x1F1u
#define BZIMAGE_OFF_SETUP_SECTS 0x1F1u
#define BZIMAGE_OFF_SYSSIZE 0x1F4u /* size of the protected-mode part in units of 16 bytes */
#define BZIMAGE_OFF_BOOT_FLAG 0x1FEu
#define BZIMAGE_OFF_JUMP_LENGTH 0x201u
#define BZIMAGE_OFF_MAGIC 0x202u
#define BZIMAGE_OFF_VERSION 0x206u
#define BZIMAGE_OFF_TYPE_OF_LOADER 0x210u
#define BZIMAGE_OFF_LOADFLAGS 0x211u
#define BZIMAGE_OFF_CODE32_START 0x214u
#define BZIMAGE_OFF_RAMDISK_IMAGE 0x218u
#define BZIMAGE_OFF_RAMDISK_SIZE 0x21Cu
#define BZIMAGE_OFF_CMD_LINE_PTR 0x228u
#define BZIMAGE_OFF_INITRD_ADDR_MAX 0x22Cu
#define BZIMAGE_OFF_KERNEL_ALIGNMENT 0x230u
#define BZIMAGE_OFF_RELOCATABLE 0x234u
#define BZIMAGE_OFF_XLOADFLAGS 0x236u
#define BZIMAGE_OFF_CMDLINE_SIZE 0x238u
#define BZIMAGE_OFF_SETUP_DATA 0x250u
#define BZIMAGE_OFF_PREF_ADDRESS 0x258u
#define BZIMAGE_OFF_INIT_SIZE 0x260u
#define BZIMAGE_HEADER_END_MAX 0x290u /* where boot_params goes on with other fields */

#define BZIMAGE_MAGIC 0x53726448u /* "HdrS" */
#define BZIMAGE_PROTOCOL_MIN 0x20Cu
#define BZIMAGE_LOADED_HIGH (1u << 0) /* loadflags: the protected-mode part is loaded at 1 MiB or above */
#define BZIMAGE_XLF_KERNEL_64 (1u << 0) /* xloadflags: 64-bit entry point at 0x200 */
#define BZIMAGE_ENTRY_64 0x200u /* from the start of the protected-mode part */

struct bzimage_error {
	const char *text;
	uint64_t offset;
};

struct bzimage {
	uint32_t version; /* 0x20F: protocol 2.15 */
	uint32_t header_end; /* setup header: [0x1F1, header_end) of the file */
	uint64_t kernel_offset; /* protected-mode part: [kernel_offset, size of the file) */
	uint64_t kernel_size;
	uint64_t pref_address; /* where it likes to be loaded */
	uint32_t alignment; /* power of two; what a relocatable kernel's address must be a multiple of */
	bool relocatable;
	uint32_t init_size; /* bytes from its load address that the kernel needs before it reads the memory map */
	uint32_t cmdline_size; /* longest command line, without NUL */
	uint32_t initrd_addr_max; /* highest address of the initrd's last byte */
};

/* ERR_FORMAT: not a bzImage, cut off, or inconsistent. ERR_UNSUPPORTED: too old, or without a 64-bit entry point. */
__must_check int bzimage_open(struct bzimage *image, const void *data, uint64_t size, struct bzimage_error *error);

#endif
