/* SPDX-License-Identifier: MIT */
/*
 * fw_cfg.h - QEMU's configuration device as the guest sees it (QEMU: docs/specs/fw_cfg.rst).
 *
 * QEMU's own items speak of Nutshell's start: its kernel is Nutshell, its memory map has Nutshell's memory. The guest
 * gets other ones: a memory map that ends where its RAM does; a directory without Nutshell's parts; and as kernel,
 * initial RAM disk and command line what QEMU was given as files of these names:
 *
 *	-fw_cfg name=opt/nutshell/kernel,file=...   opt/nutshell/initrd,file=...   opt/nutshell/cmdline,string=...
 *
 * Every other item is QEMU's.
 *
 * DMA: Nutshell reads the guest's request itself, and carries it out page by page with requests of its own: only to
 * memory that is the host's. A request that names any other memory ends with the error bit, and what was not yet
 * transferred is not. Writing to items is refused in the same way.
 */
#ifndef NUTSHELL_HOST_FW_CFG_H
#define NUTSHELL_HOST_FW_CFG_H

#include "lib/types.h"

#define FW_CFG_PORT_SELECT 0x510u
#define FW_CFG_PORT_DATA 0x511u
#define FW_CFG_PORT_DMA 0x514u /* eight bytes */
#define FW_CFG_PORT_DMA_LOW 0x518u /* writing it starts the request */

/* Reads QEMU's directory, before anything else here; again when the machine starts afresh. */
void fw_cfg_init(void);
/* The guest selects an item, at its first byte. */
void fw_cfg_select(uint16_t key);
/* Next byte of the selected item; zeros behind its end. */
uint8_t fw_cfg_read(void);
/* Four bytes into one of the two halves of the DMA register, as the guest writes them (big-endian). */
void fw_cfg_dma_write(uint16_t port, uint32_t value);
/* Processors of QEMU's machine. */
uint32_t fw_cfg_processor_count(void);

#endif
