/* SPDX-License-Identifier: MIT */
/*
 * terminate.h - reasons that the monitor gives when it asks the host to end the VM (GHCB MSR protocol 0x100).
 *
 * A termination request carries a reason set (4 bits) and a code (8 bits). Set 0 is the GHCB standard's, set 1 is used
 * by Linux; set 0xC is the monitor's own.
 */
#ifndef ABI_TERMINATE_H
#define ABI_TERMINATE_H

#define TERMINATE_SET_MONITOR 0xCu

#define TERMINATE_PANIC 0x00u          /* an internal invariant is broken; the log says which */
#define TERMINATE_NO_C_BIT 0x01u       /* the CPUID page has no usable leaf 8000001F */
#define TERMINATE_NOT_SNP 0x02u        /* SEV_STATUS lacks SNP, or has a feature that the monitor does not know */
#define TERMINATE_NOT_VMPL0 0x03u      /* the monitor was not started at VMPL0 */
#define TERMINATE_GHCB_VERSION 0x04u   /* the host does not offer GHCB protocol version 2 */
#define TERMINATE_GHCB_REGISTER 0x05u  /* the host refused the GHCB page */
#define TERMINATE_HOST_FEATURES 0x06u  /* the host lacks SNP, AP creation or multiple VMPLs */
#define TERMINATE_LAUNCH_BLOCK 0x07u   /* the image's launch block is not for this monitor */
#define TERMINATE_MEMORY_MAP 0x08u     /* the host's memory map is malformed or too small */
#define TERMINATE_MEMORY_STATE 0x09u   /* the host lied about memory: a page is not in the state it must be in */
#define TERMINATE_NO_MEMORY 0x0Au      /* the monitor's own memory does not suffice to start */
#define TERMINATE_GUEST_IMAGE 0x0Bu    /* a range of the guest image is not RAM */
#define TERMINATE_GUEST_RUN 0x0Cu      /* the host refused to run the guest's level */
#define TERMINATE_GUEST_RESET 0x0Du    /* the guest asked for a reset, and cannot be started again */

#endif
