// Peptides in HELM: chains of monomers, connections between them.
grammar Helm;

helm        : polymer ('|' polymer)* '$' connections? '$' '$' '$' version? EOF ;
polymer     : 'PEPTIDE' NUMBER '{' monomer ('.' monomer)* '}' ;
monomer     : AMINO_ACID | '[' MODIFIED ']' ;
connections : connection ('|' connection)* ;
connection  : 'PEPTIDE' NUMBER ',' 'PEPTIDE' NUMBER ',' NUMBER ':' group '-' NUMBER ':' group ;
group       : 'R1' | 'R2' | 'R3' ;
version     : 'V2.0' ;

AMINO_ACID  : [ACDEFGHIKLMNPQRSTVWY] ;
MODIFIED    : ('d' | 'me') 'A'..'Z' | 'Aib' | 'ac' ;
NUMBER      : [1-9] [0-9]* ;
