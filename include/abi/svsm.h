/* SPDX-License-Identifier: MIT */
/*
 * svsm.h - the protocol between a guest and its Secure VM Service Module.
 *
 * Source: AMD "Secure VM Service Module for SEV-SNP Guests" (58019), revision 1.00.
 * Guest physical addresses never carry the C-bit.
 */
#ifndef ABI_SVSM_H
#define ABI_SVSM_H

#include <stddef.h>
#include <stdint.h>

/* Calling area: one page per vCPU and VMPL. Only the first 8 bytes belong to the SVSM. */
struct svsm_caa {
	uint8_t call_pending;
	uint8_t mem_available;
	uint8_t no_eoi_required;
	uint8_t reserved[5];
	uint8_t buffer[4088];
};
_Static_assert(sizeof(struct svsm_caa) == 4096, "calling area is a page");
#define SVSM_CAA_HEADER_SIZE 8u

/* RAX on entry: [63:32] protocol, [31:0] call. */
#define SVSM_PROTOCOL_CORE 0u
#define SVSM_PROTOCOL_ATTEST 1u
#define SVSM_PROTOCOL_VTPM 2u
#define SVSM_PROTOCOL_APIC 3u
#define SVSM_PROTOCOL_UEFI_MM 4u

#define SVSM_CORE_VERSION 1u
#define SVSM_CORE_REMAP_CA 0u
#define SVSM_CORE_PVALIDATE 1u
#define SVSM_CORE_CREATE_VCPU 2u
#define SVSM_CORE_DELETE_VCPU 3u
#define SVSM_CORE_DEPOSIT_MEM 4u
#define SVSM_CORE_WITHDRAW_MEM 5u
#define SVSM_CORE_QUERY_PROTOCOL 6u
#define SVSM_CORE_CONFIGURE_VTOM 7u

/* RAX on return. */
#define SVSM_SUCCESS 0x00000000ull
#define SVSM_ERR_INCOMPLETE 0x80000000ull
#define SVSM_ERR_UNSUPPORTED_PROTOCOL 0x80000001ull
#define SVSM_ERR_UNSUPPORTED_CALL 0x80000002ull
#define SVSM_ERR_INVALID_ADDRESS 0x80000003ull
#define SVSM_ERR_INVALID_FORMAT 0x80000004ull
#define SVSM_ERR_INVALID_PARAMETER 0x80000005ull
#define SVSM_ERR_INVALID_REQUEST 0x80000006ull
#define SVSM_ERR_BUSY 0x80000007ull
#define SVSM_ERR_PROTOCOL_BASE 0x80001000ull
/* Core: base + EAX of the instruction that failed; 0x10 is software's number for "no change" (CF = 1). */
#define SVSM_ERR_CORE_FAIL_INPUT (SVSM_ERR_PROTOCOL_BASE + 1u)
#define SVSM_ERR_CORE_FAIL_PERMISSION (SVSM_ERR_PROTOCOL_BASE + 2u)
#define SVSM_ERR_CORE_FAIL_INUSE (SVSM_ERR_PROTOCOL_BASE + 3u)
#define SVSM_ERR_CORE_FAIL_SIZEMISMATCH (SVSM_ERR_PROTOCOL_BASE + 6u)
#define SVSM_ERR_CORE_NO_CHANGE (SVSM_ERR_PROTOCOL_BASE + 0x10u)

/* Attestation: RCX is the address of a request; results are sizes: RCX manifest, RDX certificates, R8 report. */
#define SVSM_ATTEST_VERSION 1u
#define SVSM_ATTEST_SERVICES 0u
#define SVSM_ATTEST_SINGLE_SERVICE 1u
#define SVSM_ATTEST_NONCE_SIZE 64u
struct svsm_attest_buffer {
	uint64_t address;
	uint32_t size;
	uint32_t reserved; /* 0 */
};
struct svsm_attest_request {
	struct svsm_attest_buffer report; /* page aligned, like the next but one and the one behind it */
	uint64_t nonce;
	uint16_t nonce_size;
	uint8_t reserved_1a[6]; /* 0 */
	struct svsm_attest_buffer manifest;
	struct svsm_attest_buffer certificates; /* size 0: none are wanted */
	/* Of a request for a single service alone: */
	uint8_t service[16];
	uint32_t manifest_version;
	uint32_t reserved_54; /* 0 */
};
_Static_assert(offsetof(struct svsm_attest_request, manifest) == 0x20, "attestation request");
_Static_assert(offsetof(struct svsm_attest_request, service) == 0x40, "attestation request for all services");
_Static_assert(sizeof(struct svsm_attest_request) == 0x58, "attestation request for a single service");

/*
 * Manifest of all services: header, entries, then the services' manifests in the order of the entries, without gaps.
 * A service without a manifest has length 0. GUIDs are in the mixed-endian form of UEFI.
 */
struct svsm_services_header {
	uint8_t guid[16]; /* SVSM_GUID_SERVICES */
	uint32_t size;    /* of all of it */
	uint32_t count;
};
struct svsm_services_entry {
	uint8_t guid[16];
	uint32_t offset; /* from the start of the header */
	uint32_t length;
};
_Static_assert(sizeof(struct svsm_services_header) == 24 && sizeof(struct svsm_services_entry) == 24, "services manifest");
#define SVSM_GUID_SERVICES \
	{ 0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46, 0xa1, 0xff, 0x58, 0xf9, 0xc9, 0x4b, 0x87, 0xbb }
/* Manifest version 0: the endorsement key's TPMT_PUBLIC. */
#define SVSM_GUID_VTPM \
	{ 0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45, 0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3 }

#define SVSM_VTPM_VERSION 1u
#define SVSM_VTPM_QUERY 0u
#define SVSM_VTPM_CMD 1u
/* vTPM: RCX of SVSM_VTPM_CMD is the address of this, and of the response afterwards; one page's worth of memory. */
#define SVSM_VTPM_SEND_COMMAND 8u /* platform command, and its bit in the answer to SVSM_VTPM_QUERY */
struct __attribute__((packed)) svsm_vtpm_request {
	uint32_t platform_command;
	uint8_t locality;
	uint32_t size;
	uint8_t command[4087];
};
struct __attribute__((packed)) svsm_vtpm_response {
	uint32_t size;
	uint8_t response[4092];
};
_Static_assert(sizeof(struct svsm_vtpm_request) == 4096 && sizeof(struct svsm_vtpm_response) == 4096, "vTPM buffer");

/* PVALIDATE request: 8-byte aligned, does not cross a page. */
struct svsm_pvalidate_header {
	uint16_t entries;
	uint16_t next;
	uint32_t reserved;
};
_Static_assert(sizeof(struct svsm_pvalidate_header) == 8, "PVALIDATE header");
#define SVSM_PVALIDATE_SIZE_MASK 0x3ull
#define SVSM_PVALIDATE_SIZE_4K 0x0ull
#define SVSM_PVALIDATE_SIZE_2M 0x1ull
#define SVSM_PVALIDATE_VALIDATE (1ull << 2)
#define SVSM_PVALIDATE_IGNORE_CF (1ull << 3)
#define SVSM_PVALIDATE_RESERVED_MASK 0xFF0ull
#define SVSM_PVALIDATE_MAX_IN_CAA 510u

#endif
