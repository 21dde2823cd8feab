/* SPDX-License-Identifier: MIT */
/*
 * ghcb.h - the Guest-Hypervisor Communication Block and its MSR protocol.
 *
 * Source: AMD "SEV-ES Guest-Hypervisor Communication Block Standardization" (56421), revision 2.
 * The page is shared: whoever reads it reads every field once into private memory.
 */
#ifndef ABI_GHCB_H
#define ABI_GHCB_H

#include <stddef.h>
#include <stdint.h>

#define GHCB_VERSION_MIN 1u
#define GHCB_VERSION_SNP 2u
#define GHCB_SHARED_BUFFER_SIZE 0x7F0u

struct ghcb {
	uint8_t reserved_000[0xCB];
	uint8_t cpl; /* 0x0CB */
	uint8_t reserved_0cc[0x140 - 0xCC];
	uint64_t xss; /* 0x140 */
	uint8_t reserved_148[0x160 - 0x148];
	uint64_t dr7; /* 0x160 */
	uint8_t reserved_168[0x1F8 - 0x168];
	uint64_t rax; /* 0x1F8 */
	uint8_t reserved_200[0x308 - 0x200];
	uint64_t rcx, rdx, rbx; /* 0x308 */
	uint64_t reserved_320;
	uint64_t rbp, rsi, rdi; /* 0x328 */
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint8_t reserved_380[16];
	uint64_t sw_exit_code; /* 0x390 */
	uint64_t sw_exit_info_1;
	uint64_t sw_exit_info_2;
	uint64_t sw_scratch; /* 0x3A8 */
	uint8_t reserved_3b0[0x3E8 - 0x3B0];
	uint64_t xcr0;             /* 0x3E8 */
	uint8_t valid_bitmap[16];  /* 0x3F0: bit offset/8 of each field below 0x400 */
	uint64_t x87_state_gpa;    /* 0x400 */
	uint8_t reserved_408[0x800 - 0x408];
	uint8_t shared_buffer[GHCB_SHARED_BUFFER_SIZE]; /* 0x800 */
	uint8_t reserved_ff0[10];
	uint16_t protocol_version; /* 0xFFA */
	uint32_t usage;            /* 0xFFC: 0 is the standard layout */
};
_Static_assert(offsetof(struct ghcb, rax) == 0x1F8, "ghcb.rax");
_Static_assert(offsetof(struct ghcb, rcx) == 0x308, "ghcb.rcx");
_Static_assert(offsetof(struct ghcb, r8) == 0x340, "ghcb.r8");
_Static_assert(offsetof(struct ghcb, sw_exit_code) == 0x390, "ghcb.sw_exit_code");
_Static_assert(offsetof(struct ghcb, xcr0) == 0x3E8, "ghcb.xcr0");
_Static_assert(offsetof(struct ghcb, shared_buffer) == 0x800, "ghcb.shared_buffer");
_Static_assert(offsetof(struct ghcb, protocol_version) == 0xFFA, "ghcb.protocol_version");
_Static_assert(sizeof(struct ghcb) == 4096, "the GHCB is a page");

#define GHCB_VALID_BIT(field) (offsetof(struct ghcb, field) / 8)

/* MSR protocol: function code in [11:0] (56421 section 2.3.1). A value with zero low bits is a GHCB address. */
#define GHCB_MSR_CODE_MASK 0xFFFull
#define GHCB_MSR_SEV_INFO_RSP 0x001ull /* [63:48] max version, [47:32] min version, [31:24] C-bit */
#define GHCB_MSR_SEV_INFO_REQ 0x002ull
#define GHCB_MSR_CPUID_REQ 0x004ull /* [63:32] leaf, [31:30] register */
#define GHCB_MSR_CPUID_RSP 0x005ull
#define GHCB_MSR_AP_RESET_HOLD_REQ 0x006ull
#define GHCB_MSR_AP_RESET_HOLD_RSP 0x007ull
#define GHCB_MSR_PREFERRED_REQ 0x010ull
#define GHCB_MSR_PREFERRED_RSP 0x011ull
#define GHCB_MSR_REGISTER_REQ 0x012ull /* [63:12] page frame */
#define GHCB_MSR_REGISTER_RSP 0x013ull
#define GHCB_MSR_PSC_REQ 0x014ull /* [51:12] page frame, [55:52] operation */
#define GHCB_MSR_PSC_RSP 0x015ull /* [63:32] error */
#define GHCB_MSR_RUN_VMPL_REQ 0x016ull /* [39:32] VMPL */
#define GHCB_MSR_RUN_VMPL_RSP 0x017ull /* [63:32] error */
/*
 * Not in the standard: the error with which a host answers "run VMPL" of the first vCPU's VMPL0 when the level asked to be
 * reset (or died) and all vCPUs have left it. VMPL0 may start it again.
 */
#define GHCB_RUN_VMPL_RESET 0x52534554ull /* "RSET" */
#define GHCB_MSR_FEATURES_REQ 0x080ull
#define GHCB_MSR_FEATURES_RSP 0x081ull /* [63:12] feature bits */
#define GHCB_MSR_TERMINATE 0x100ull    /* [15:12] reason set, [23:16] reason */

/* Hypervisor feature bits (MSR 0x081 and event 0x8000FFFD). */
#define GHCB_FEATURE_SNP (1ull << 0)
#define GHCB_FEATURE_AP_CREATION (1ull << 1)
#define GHCB_FEATURE_RESTRICTED_INJECTION (1ull << 2)
#define GHCB_FEATURE_RESTRICTED_TIMER (1ull << 3)
#define GHCB_FEATURE_APIC_ID_LIST (1ull << 4)
#define GHCB_FEATURE_MULTI_VMPL (1ull << 5)

/* Non-automatic exit events: SW_EXITCODE (56421 section 4.1). Architectural ones are SVM_EXIT_* of snp.h. */
#define GHCB_EXIT_MMIO_READ 0x80000001ull
#define GHCB_EXIT_MMIO_WRITE 0x80000002ull
#define GHCB_EXIT_NMI_COMPLETE 0x80000003ull
#define GHCB_EXIT_AP_RESET_HOLD 0x80000004ull
#define GHCB_EXIT_AP_JUMP_TABLE 0x80000005ull
#define GHCB_EXIT_PSC 0x80000010ull
#define GHCB_EXIT_GUEST_REQUEST 0x80000011ull
#define GHCB_EXIT_EXTENDED_GUEST_REQUEST 0x80000012ull
#define GHCB_EXIT_AP_CREATION 0x80000013ull
#define GHCB_EXIT_DOORBELL 0x80000014ull
#define GHCB_EXIT_HV_IPI 0x80000015ull
#define GHCB_EXIT_GET_APIC_IDS 0x80000017ull
#define GHCB_EXIT_RUN_VMPL 0x80000018ull
#define GHCB_EXIT_FEATURES 0x8000FFFDull
#define GHCB_EXIT_TERMINATE 0x8000FFFEull
#define GHCB_EXIT_UNSUPPORTED 0x8000FFFFull

/* SW_EXITINFO1[31:0] on return; with 2 the reason is in SW_EXITINFO2. */
#define GHCB_STATUS_OK 0u
#define GHCB_STATUS_EXCEPTION 1u /* SW_EXITINFO2 in EVENTINJ format */
#define GHCB_STATUS_MALFORMED 2u
#define GHCB_REASON_NOT_REGISTERED 1u
#define GHCB_REASON_INVALID_USAGE 2u
#define GHCB_REASON_INVALID_SCRATCH 3u
#define GHCB_REASON_MISSING_INPUT 4u
#define GHCB_REASON_INVALID_INPUT 5u
#define GHCB_REASON_INVALID_EVENT 6u

/* IOIO event, SW_EXITINFO1. */
#define GHCB_IOIO_IN (1u << 0)
#define GHCB_IOIO_STRING (1u << 2)
#define GHCB_IOIO_REP (1u << 3)
#define GHCB_IOIO_SIZE_8 (1u << 4)
#define GHCB_IOIO_SIZE_16 (1u << 5)
#define GHCB_IOIO_SIZE_32 (1u << 6)
#define GHCB_IOIO_ADDR_64 (1u << 9)
#define GHCB_IOIO_SEG_ES (0u << 10)
#define GHCB_IOIO_SEG_DS (3u << 10)
#define GHCB_IOIO_PORT_SHIFT 16

/* Page state change (56421 section 4.1.6). */
#define PSC_OP_PRIVATE 1u
#define PSC_OP_SHARED 2u
#define PSC_OP_PSMASH 3u
#define PSC_OP_UNSMASH 4u
#define PSC_ENTRY_MAX ((GHCB_SHARED_BUFFER_SIZE - 8u) / 8u)
#define PSC_ENTRY_CUR_PAGE_MASK 0xFFFull
#define PSC_ENTRY_GPA_MASK 0x000FFFFFFFFFF000ull
#define PSC_ENTRY_OP_SHIFT 52
#define PSC_ENTRY_OP_MASK 0xFull
#define PSC_ENTRY_2M (1ull << 56)
#define PSC_ENTRY_RESERVED (0x7Full << 57)
#define PSC_ERROR_HEADER 0x100000001ull
#define PSC_ERROR_ENTRY 0x100000002ull
#define PSC_ERROR_GENERIC 0x10000000000ull

struct psc_header {
	uint16_t cur_entry;
	uint16_t end_entry; /* inclusive */
	uint32_t reserved;
};
struct psc_desc {
	struct psc_header header;
	uint64_t entry[PSC_ENTRY_MAX];
};
_Static_assert(sizeof(struct psc_desc) <= GHCB_SHARED_BUFFER_SIZE, "a page state change list fits the shared buffer");

/* AP creation, SW_EXITINFO1: [15:0] request, [19:16] VMPL, [63:32] APIC id. */
#define AP_CREATE_ON_INIT 0u
#define AP_CREATE 1u
#define AP_DESTROY 2u
#define AP_CREATION_VMPL_SHIFT 16
#define AP_CREATION_APIC_ID_SHIFT 32

/* Guest request, SW_EXITINFO2: [31:0] firmware status, [63:32] hypervisor status. */
#define GUEST_REQUEST_VMM_SHIFT 32
#define GUEST_REQUEST_VMM_INVALID_LEN 1ull /* RBX: pages that the certificates need; the message was not taken */
#define GUEST_REQUEST_VMM_BUSY 2ull        /* the message was not taken */

/* Termination reasons (56421 section 4.1.13). Set 0 is the standard's. */
#define GHCB_TERM_SET_GENERAL 0u
#define GHCB_TERM_GENERAL 0u
#define GHCB_TERM_PROTOCOL 1u
#define GHCB_TERM_SNP_FEATURES 2u

#endif
