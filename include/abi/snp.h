/* SPDX-License-Identifier: MIT */
/*
 * snp.h - structures and numbers that SEV-SNP silicon and its security processor define.
 *
 * Sources: AMD APM volume 2 (24593) chapters 15.34-15.37 and appendix B (VMSA), SNP firmware ABI (56860).
 * Everything is little-endian and is used in place: the machine is little-endian too.
 */
#ifndef ABI_SNP_H
#define ABI_SNP_H

#include <stddef.h>
#include <stdint.h>

#define SNP_PAGE_SIZE 4096u
#define SNP_PAGE_SIZE_2M 0x200000u

/* Model-specific registers (APM 15.34, appendix A). */
#define MSR_EFER 0xC0000080u
#define MSR_GHCB 0xC0010130u
#define MSR_SEV_STATUS 0xC0010131u
/* Software convention, never a hardware register: the guest's #VC handler answers it (SVSM specification 58019). */
#define MSR_SVSM_CAA 0xC001F000u

/* MSR_SEV_STATUS (APM 15.34.10). SEV_FEATURES in the VMSA is SEV_STATUS >> 2. */
#define SEV_STATUS_SEV (1ull << 0)
#define SEV_STATUS_SEV_ES (1ull << 1)
#define SEV_STATUS_SNP (1ull << 2)
#define SEV_STATUS_VTOM (1ull << 3)
#define SEV_STATUS_REFLECT_VC (1ull << 4)
#define SEV_STATUS_RESTRICTED_INJECTION (1ull << 5)
#define SEV_STATUS_ALTERNATE_INJECTION (1ull << 6)
#define SEV_STATUS_DEBUG_SWAP (1ull << 7)

#define SEV_FEATURE_SNP_ACTIVE (1ull << 0)
#define SEV_FEATURE_VTOM (1ull << 1)
#define SEV_FEATURE_REFLECT_VC (1ull << 2)
#define SEV_FEATURE_RESTRICTED_INJECTION (1ull << 3)
#define SEV_FEATURE_ALTERNATE_INJECTION (1ull << 4)
#define SEV_FEATURE_DEBUG_SWAP (1ull << 5)

#define EFER_SCE (1ull << 0)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)
#define EFER_SVME (1ull << 12)

/* Return codes of PVALIDATE, RMPADJUST and RMPQUERY in EAX (APM volume 3). */
#define SNP_SUCCESS 0u
#define SNP_FAIL_INPUT 1u
#define SNP_FAIL_PERMISSION 2u
#define SNP_FAIL_INUSE 3u
#define SNP_FAIL_OVERLAP 4u
#define SNP_FAIL_SIZEMISMATCH 6u

/* Page size operand of the same instructions (RCX). */
#define RMP_PAGE_4K 0u
#define RMP_PAGE_2M 1u

/* RMPADJUST and RMPQUERY attributes (RDX). */
#define RMP_ATTR_VMPL_MASK 0xFFull
#define RMP_ATTR_READ (1ull << 8)
#define RMP_ATTR_WRITE (1ull << 9)
#define RMP_ATTR_EXEC_USER (1ull << 10)
#define RMP_ATTR_EXEC_SUPER (1ull << 11)
#define RMP_ATTR_RWX 0xF00ull
#define RMP_ATTR_PERM_SHIFT 8
#define RMP_ATTR_VMSA (1ull << 16)

/* INVLPGB, RAX: what counts of the address and of the address space, and what goes with it. */
#define INVLPGB_ADDRESS (1ull << 0)
#define INVLPGB_PCID (1ull << 1)
#define INVLPGB_ASID (1ull << 2) /* the guest's own, EDX[15:0] = 0 */
#define INVLPGB_GLOBAL (1ull << 3)
#define INVLPGB_FINAL_ONLY (1ull << 4)
#define INVLPGB_NESTED (1ull << 5)

#define SNP_VMPL_COUNT 4u

/* Exit codes (APM appendix C); also the error code of #VC (vector 29). */
#define SVM_EXIT_READ_DR7 0x27ull
#define SVM_EXIT_WRITE_DR7 0x37ull
#define SVM_EXIT_EXCP_DB 0x41ull
#define SVM_EXIT_EXCP_UD 0x46ull
#define SVM_EXIT_INTR 0x60ull
#define SVM_EXIT_NMI 0x61ull
#define SVM_EXIT_VINTR 0x64ull
#define SVM_EXIT_RDTSC 0x6Eull
#define SVM_EXIT_RDPMC 0x6Full
#define SVM_EXIT_CPUID 0x72ull
#define SVM_EXIT_INVD 0x76ull
#define SVM_EXIT_HLT 0x78ull
#define SVM_EXIT_IOIO 0x7Bull
#define SVM_EXIT_MSR 0x7Cull
#define SVM_EXIT_SHUTDOWN 0x7Full
#define SVM_EXIT_VMMCALL 0x81ull
#define SVM_EXIT_RDTSCP 0x87ull
#define SVM_EXIT_WBINVD 0x89ull
#define SVM_EXIT_MONITOR 0x8Aull
#define SVM_EXIT_MWAIT 0x8Bull
#define SVM_EXIT_NPF 0x400ull
#define SVM_EXIT_VMGEXIT 0x403ull
#define SVM_EXIT_PAGE_NOT_VALIDATED 0x404ull
#define SVM_EXIT_INVALID (~0ull)

/* Nested page fault EXITINFO1 (APM 15.25.6, 15.36.10). */
#define NPF_PRESENT (1ull << 0)
#define NPF_WRITE (1ull << 1)
#define NPF_USER (1ull << 2)
#define NPF_RESERVED (1ull << 3)
#define NPF_EXECUTE (1ull << 4)
#define NPF_RMP (1ull << 31)
#define NPF_FINAL (1ull << 32)
#define NPF_WALK (1ull << 33)
#define NPF_ENCRYPTED (1ull << 34)
#define NPF_SIZEMISMATCH (1ull << 35)
#define NPF_VMPL (1ull << 36)

/* Guest policy (firmware ABI, table "Guest Policy Structure"). */
#define SNP_POLICY_SMT (1ull << 16)
#define SNP_POLICY_MUST_BE_ONE (1ull << 17)
#define SNP_POLICY_DEBUG (1ull << 19)

/* One segment register in a VMSA. attrib: descriptor bits 47:40 in [7:0] and 55:52 in [11:8]. */
struct vmsa_segment {
	uint16_t selector;
	uint16_t attrib;
	uint32_t limit;
	uint64_t base;
};

/* VM save area of one vCPU at one VMPL: a 4 KiB page (APM volume 2, table B-4). */
struct vmsa {
	struct vmsa_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; /* 0x000 */
	uint64_t pl_ssp[4];                                              /* 0x0A0 */
	uint64_t u_cet;                                                  /* 0x0C0 */
	uint8_t reserved_c8[2];
	uint8_t vmpl; /* 0x0CA */
	uint8_t cpl;  /* 0x0CB */
	uint32_t reserved_cc;
	uint64_t efer; /* 0x0D0 */
	uint8_t reserved_d8[0x68];
	uint64_t xss;    /* 0x140 */
	uint64_t cr4;    /* 0x148 */
	uint64_t cr3;    /* 0x150 */
	uint64_t cr0;    /* 0x158 */
	uint64_t dr7;    /* 0x160 */
	uint64_t dr6;    /* 0x168 */
	uint64_t rflags; /* 0x170 */
	uint64_t rip;    /* 0x178 */
	uint64_t dr[4];  /* 0x180 */
	uint64_t dr_mask[4];
	uint8_t reserved_1c0[24];
	uint64_t rsp; /* 0x1D8 */
	uint64_t s_cet, ssp, isst_addr;
	uint64_t rax; /* 0x1F8 */
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t cr2; /* 0x240 */
	uint8_t reserved_248[32];
	uint64_t g_pat; /* 0x268 */
	uint64_t dbgctl, br_from, br_to, last_excp_from, last_excp_to;
	uint8_t reserved_298[72];
	uint64_t spec_ctrl; /* 0x2E0 */
	uint32_t pkru;      /* 0x2E8 */
	uint32_t tsc_aux;
	uint64_t guest_tsc_scale, guest_tsc_offset, reg_prot_nonce;
	uint64_t rcx, rdx, rbx; /* 0x308 */
	uint64_t secure_avic_ctl;
	uint64_t rbp, rsi, rdi; /* 0x328 */
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint8_t reserved_380[16];
	uint64_t exit_info_1; /* 0x390 */
	uint64_t exit_info_2;
	uint64_t exit_int_info;
	uint64_t nrip;
	uint64_t sev_features; /* 0x3B0 */
	uint64_t vintr_ctrl;
	uint64_t exit_code; /* 0x3C0 */
	uint64_t virtual_tom, tlb_id, pcpu_id, event_inj;
	uint64_t xcr0; /* 0x3E8 */
	uint8_t xsave_valid[16];
	uint64_t x87_dp; /* 0x400 */
	uint32_t mxcsr;  /* 0x408 */
	uint16_t x87_ftw, x87_fsw, x87_fcw, x87_fop, x87_ds, x87_cs;
	uint64_t x87_rip;        /* 0x418 */
	uint8_t fpreg_x87[80];   /* 0x420 */
	uint8_t fpreg_xmm[256];  /* 0x470 */
	uint8_t fpreg_ymm[256];  /* 0x570 */
	uint8_t reserved_670[0x1000 - 0x670];
};

_Static_assert(offsetof(struct vmsa, efer) == 0x0D0, "vmsa.efer");
_Static_assert(offsetof(struct vmsa, vmpl) == 0x0CA, "vmsa.vmpl");
_Static_assert(offsetof(struct vmsa, xss) == 0x140, "vmsa.xss");
_Static_assert(offsetof(struct vmsa, rip) == 0x178, "vmsa.rip");
_Static_assert(offsetof(struct vmsa, rsp) == 0x1D8, "vmsa.rsp");
_Static_assert(offsetof(struct vmsa, rax) == 0x1F8, "vmsa.rax");
_Static_assert(offsetof(struct vmsa, cr2) == 0x240, "vmsa.cr2");
_Static_assert(offsetof(struct vmsa, g_pat) == 0x268, "vmsa.g_pat");
_Static_assert(offsetof(struct vmsa, spec_ctrl) == 0x2E0, "vmsa.spec_ctrl");
_Static_assert(offsetof(struct vmsa, rcx) == 0x308, "vmsa.rcx");
_Static_assert(offsetof(struct vmsa, r8) == 0x340, "vmsa.r8");
_Static_assert(offsetof(struct vmsa, exit_info_1) == 0x390, "vmsa.exit_info_1");
_Static_assert(offsetof(struct vmsa, sev_features) == 0x3B0, "vmsa.sev_features");
_Static_assert(offsetof(struct vmsa, exit_code) == 0x3C0, "vmsa.exit_code");
_Static_assert(offsetof(struct vmsa, xcr0) == 0x3E8, "vmsa.xcr0");
_Static_assert(offsetof(struct vmsa, mxcsr) == 0x408, "vmsa.mxcsr");
_Static_assert(offsetof(struct vmsa, fpreg_xmm) == 0x470, "vmsa.fpreg_xmm");
_Static_assert(sizeof(struct vmsa) == 4096, "vmsa is a page");

/* Page types of SNP_LAUNCH_UPDATE (firmware ABI 8.17); they enter the launch digest. */
#define SNP_PAGE_TYPE_NORMAL 1u
#define SNP_PAGE_TYPE_VMSA 2u
#define SNP_PAGE_TYPE_ZERO 3u
#define SNP_PAGE_TYPE_UNMEASURED 4u
#define SNP_PAGE_TYPE_SECRETS 5u
#define SNP_PAGE_TYPE_CPUID 6u

#define SNP_DIGEST_SIZE 48u

/* PAGE_INFO: what the launch digest is extended with for each page (firmware ABI, table "Page Info"). */
struct snp_page_info {
	uint8_t digest_cur[SNP_DIGEST_SIZE]; /* digest before this page */
	uint8_t contents[SNP_DIGEST_SIZE];   /* SHA-384 of the page for types 1 and 2, else zero */
	uint16_t length;                     /* 0x70 */
	uint8_t page_type;
	uint8_t imi_page;
	uint8_t reserved;
	uint8_t vmpl1_perms, vmpl2_perms, vmpl3_perms;
	uint64_t gpa;
};
_Static_assert(sizeof(struct snp_page_info) == 0x70, "PAGE_INFO");

/* CPUID page (firmware ABI, table "CPUID Page"). */
#define SNP_CPUID_MAX_ENTRIES 64u
struct snp_cpuid_entry {
	uint32_t eax_in, ecx_in;
	uint64_t xcr0_in, xss_in;
	uint32_t eax, ebx, ecx, edx;
	uint64_t reserved;
};
struct snp_cpuid_page {
	uint32_t count; /* 1..64 */
	uint32_t reserved_1;
	uint64_t reserved_2;
	struct snp_cpuid_entry entry[SNP_CPUID_MAX_ENTRIES];
	uint8_t reserved_3[4096 - 16 - 48 * 64];
};
_Static_assert(sizeof(struct snp_cpuid_page) == 4096, "CPUID page");

#define CPUID_FEATURES_LEAF 1u
#define CPUID_FEATURES_ECX_PCID (1u << 17)
#define CPUID_ADDRESS_SIZES_LEAF 0x80000008u
#define CPUID_ADDRESS_SIZES_EBX_INVLPGB (1u << 3) /* EDX[15:0]: most additional pages of one INVLPGB */

#define CPUID_SEV_LEAF 0x8000001Fu
#define CPUID_SEV_EAX_SEV (1u << 1)
#define CPUID_SEV_EAX_ES (1u << 3)
#define CPUID_SEV_EAX_SNP (1u << 4)
#define CPUID_SEV_EAX_VMPL (1u << 5)
#define CPUID_SEV_EAX_RMPQUERY (1u << 6)
#define CPUID_SEV_EAX_SVSM (1u << 28)
#define CPUID_SEV_EBX_CBIT_MASK 0x3Fu
#define CPUID_SEV_EBX_REDUCED_SHIFT 6
#define CPUID_SEV_EBX_VMPL_SHIFT 12
#define CPUID_SEV_EBX_COHERENCY_SFW_NO (1u << 31)

/* Secrets page (firmware ABI, table "Secrets Page"; 0x140..0x15F belong to the SVSM, specification 58019). */
#define SNP_VMPCK_SIZE 32u
struct snp_secrets_page {
	uint32_t version;
	uint32_t flags; /* bit 0: IMI enabled */
	uint32_t fms;
	uint32_t reserved_0c;
	uint8_t gosvw[16];
	uint8_t vmpck[4][SNP_VMPCK_SIZE]; /* 0x020 */
	uint32_t msg_seqno[4];            /* 0x0A0, guest OS area by convention of Linux */
	uint64_t ap_jump_table_pa;        /* 0x0B0 */
	uint8_t os_area[72];
	uint8_t vmsa_tweak_bitmap[64]; /* 0x100 */
	uint64_t svsm_base;            /* 0x140 */
	uint64_t svsm_size;            /* non-zero: an SVSM is present */
	uint64_t svsm_caa;
	uint32_t svsm_max_version;
	uint8_t svsm_guest_vmpl;
	uint8_t reserved_15d[3];
	uint32_t tsc_factor; /* 0x160 */
	uint8_t reserved_164[4096 - 0x164];
};
_Static_assert(offsetof(struct snp_secrets_page, msg_seqno) == 0x0A0, "secrets.msg_seqno");
_Static_assert(offsetof(struct snp_secrets_page, vmsa_tweak_bitmap) == 0x100, "secrets.vmsa_tweak_bitmap");
_Static_assert(offsetof(struct snp_secrets_page, svsm_base) == 0x140, "secrets.svsm_base");
_Static_assert(offsetof(struct snp_secrets_page, tsc_factor) == 0x160, "secrets.tsc_factor");
_Static_assert(sizeof(struct snp_secrets_page) == 4096, "secrets page");

/* Guest messages (firmware ABI, chapter 7): a 0x60-byte header, then the encrypted payload. */
#define SNP_MSG_HEADER_SIZE 0x60u
#define SNP_MSG_PAYLOAD_MAX (4096u - SNP_MSG_HEADER_SIZE)
#define SNP_MSG_ALGO_AES_256_GCM 1u
#define SNP_MSG_KEY_REQ 3u
#define SNP_MSG_KEY_RSP 4u
#define SNP_MSG_REPORT_REQ 5u
#define SNP_MSG_REPORT_RSP 6u
#define SNP_MSG_AAD_OFFSET 0x30u /* additional authenticated data: header bytes 0x30..0x5F */
#define SNP_MSG_AAD_SIZE 0x30u

struct snp_msg_header {
	uint8_t authtag[32]; /* the first 16 are used */
	uint64_t msg_seqno;
	uint64_t reserved_28;
	uint8_t algo;
	uint8_t hdr_version; /* 1 */
	uint16_t hdr_size;   /* 0x60 */
	uint8_t msg_type;
	uint8_t msg_version; /* 1 */
	uint16_t msg_size;   /* payload bytes */
	uint32_t reserved_38;
	uint8_t msg_vmpck; /* 0..3 */
	uint8_t reserved_3d[35];
};
_Static_assert(sizeof(struct snp_msg_header) == SNP_MSG_HEADER_SIZE, "guest message header");

struct snp_report_req {
	uint8_t user_data[64];
	uint32_t vmpl;
	uint32_t flags; /* [1:0] key selection: 0 VLEK if installed else VCEK, 1 VCEK, 2 VLEK */
	uint8_t reserved[24];
};
_Static_assert(sizeof(struct snp_report_req) == 0x60, "report request");

/* Attestation report (firmware ABI, table "Attestation Report"), version 2 and 3. */
struct snp_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl;
	uint32_t signature_algo; /* 1: ECDSA P-384 with SHA-384 */
	uint64_t current_tcb;
	uint64_t platform_info;
	uint32_t flags; /* bit 0 author key, bit 1 masked chip key, [4:2] signing key: 0 VCEK, 1 VLEK, 7 none */
	uint32_t reserved_4c;
	uint8_t report_data[64];
	uint8_t measurement[48];
	uint8_t host_data[32];
	uint8_t id_key_digest[48];
	uint8_t author_key_digest[48];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint64_t reported_tcb;
	uint8_t cpuid_family, cpuid_model, cpuid_stepping; /* version 3 and later */
	uint8_t reserved_18b[21];
	uint8_t chip_id[64];
	uint64_t committed_tcb;
	uint8_t current_build, current_minor, current_major, reserved_1eb;
	uint8_t committed_build, committed_minor, committed_major, reserved_1ef;
	uint64_t launch_tcb;
	uint8_t reserved_1f8[168];
	uint8_t signature_r[72]; /* little-endian, 48 bytes used */
	uint8_t signature_s[72];
	uint8_t signature_reserved[368];
};
_Static_assert(offsetof(struct snp_report, report_data) == 0x50, "report.report_data");
_Static_assert(offsetof(struct snp_report, measurement) == 0x90, "report.measurement");
_Static_assert(offsetof(struct snp_report, chip_id) == 0x1A0, "report.chip_id");
_Static_assert(offsetof(struct snp_report, signature_r) == 0x2A0, "report.signature");
_Static_assert(sizeof(struct snp_report) == 0x4A0, "attestation report");

struct snp_report_rsp {
	uint32_t status; /* 0, 0x16 invalid parameter, 0x27 invalid key selection */
	uint32_t report_size;
	uint8_t reserved[24];
	struct snp_report report;
};

/* Extensions of VCEK and VLEK certificates (57230): .1 structure, .2 product, .3.n security versions, .4 chip id. */
#define SNP_OID "1.3.6.1.4.1.3704.1"

/*
 * Certificates that a host hands out with a report (56421, extended guest request): entries, an entry of zeros, then the
 * certificates (DER). GUIDs are in the mixed-endian form of UEFI.
 */
struct snp_certificate_entry {
	uint8_t guid[16];
	uint32_t offset; /* from the start of the table */
	uint32_t length;
};
_Static_assert(sizeof(struct snp_certificate_entry) == 24, "certificate table entry");
#define SNP_CERTIFICATE_VCEK \
	{ 0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd }
#define SNP_CERTIFICATE_VLEK \
	{ 0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1 }
#define SNP_CERTIFICATE_ASK \
	{ 0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 }
#define SNP_CERTIFICATE_ARK \
	{ 0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae }

struct snp_key_req {
	uint32_t root_key_select; /* bit 0: 0 VCEK, 1 VMRK */
	uint32_t reserved;
	uint64_t guest_field_select; /* bits 0..5: policy, image id, family id, measurement, guest SVN, TCB */
	uint32_t vmpl;
	uint32_t guest_svn;
	uint64_t tcb_version;
};
_Static_assert(sizeof(struct snp_key_req) == 0x20, "key request");

struct snp_key_rsp {
	uint32_t status;
	uint8_t reserved[28];
	uint8_t key[32];
};
_Static_assert(sizeof(struct snp_key_rsp) == 0x40, "key response");

/*
 * ID block and ID authentication (firmware ABI, SNP_LAUNCH_FINISH): the guest's owner signs what may be launched. The
 * security processor compares digest and policy, checks the signatures, and puts the digests of the keys into reports.
 */
#define SNP_CURVE_P384 2u
#define SNP_ALGORITHM_ECDSA_P384_SHA384 1u
struct snp_id_block {
	uint8_t ld[SNP_DIGEST_SIZE];
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t version; /* 1 */
	uint32_t guest_svn;
	uint64_t policy;
};
_Static_assert(sizeof(struct snp_id_block) == 0x60, "ID block");

/* Numbers are little-endian, 72 bytes of which 48 are used. */
struct snp_public_key {
	uint32_t curve;
	uint8_t qx[72], qy[72];
	uint8_t reserved[0x404 - 4 - 144];
};
_Static_assert(sizeof(struct snp_public_key) == 0x404, "public key");
struct snp_signature {
	uint8_t r[72], s[72];
	uint8_t reserved[512 - 144];
};
_Static_assert(sizeof(struct snp_signature) == 0x200, "signature");

struct snp_id_auth {
	uint32_t id_key_algorithm, author_key_algorithm;
	uint8_t reserved_08[0x40 - 8];
	struct snp_signature id_block_signature; /* 0x040: over the ID block, by the ID key */
	struct snp_public_key id_key;		 /* 0x240 */
	uint8_t reserved_644[0x680 - 0x644];
	struct snp_signature id_key_signature; /* 0x680: over the ID key's 0x404 bytes, by the author's key */
	struct snp_public_key author_key;      /* 0x880 */
	uint8_t reserved_c84[0x1000 - 0xC84];
};
_Static_assert(offsetof(struct snp_id_auth, id_key) == 0x240, "id_auth.id_key");
_Static_assert(offsetof(struct snp_id_auth, author_key) == 0x880, "id_auth.author_key");
_Static_assert(sizeof(struct snp_id_auth) == 4096, "ID authentication is a page");

#endif
