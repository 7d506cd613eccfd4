#include "textflag.h"

// func unpackVector(dst *uint32, src *byte, groups int, width uintptr, p *places)
TEXT ·unpackVector(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ width+24(FP), DX
	MOVQ p+32(FP), R8
	MOVQ DX, BX
	SHRQ $1, BX
	VMOVDQU (R8), Y1
	VMOVDQU 32(R8), Y2
	VMOVDQU 64(R8), Y3

group:
	VMOVDQU     (SI), X0
	VINSERTI128 $1, (SI)(BX*1), Y0, Y0
	VPSHUFB     Y1, Y0, Y0
	VPSRLVD     Y2, Y0, Y0
	VPAND       Y3, Y0, Y0
	VMOVDQU     Y0, (DI)
	ADDQ        DX, SI
	ADDQ        $32, DI
	DECQ        CX
	JNZ         group
	VZEROUPPER
	RET

// func withinVector(set *uint64, numbers *uint32, groups int, lo, last uint32)
TEXT ·withinVector(SB), NOSPLIT, $0-32
	MOVQ         set+0(FP), DI
	MOVQ         numbers+8(FP), SI
	MOVQ         groups+16(FP), CX
	MOVL         lo+24(FP), AX
	VMOVD        AX, X1
	VPBROADCASTD X1, Y1
	MOVL         last+28(FP), AX
	VMOVD        AX, X2
	VPBROADCASTD X2, Y2

group:
	VMOVDQU   (SI), Y0
	VPSUBD    Y1, Y0, Y0
	VPMINUD   Y2, Y0, Y3
	VPCMPEQD  Y3, Y0, Y3
	VMOVMSKPS Y3, AX
	MOVB      AX, (DI)
	ADDQ      $32, SI
	INCQ      DI
	DECQ      CX
	JNZ       group
	VZEROUPPER
	RET
