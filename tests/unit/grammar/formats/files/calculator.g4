/* A calculator with names, comments and spaces. */
grammar Calculator;
options { caseInsensitive = true; }

calculation
    : (statement ';')* expression EOF   # whole
    ;
statement
    : 'let' target=NAME '=' expression
    ;
expression
    : <assoc=right> expression '^' expression   # power
    | expression ('*' | '/') expression         # product
    | expression ('+' | '-') expression         # sum
    | '(' expression ')'                        # group
    | NUMBER                                    # number
    | NAME                                      # name
    ;

NAME    : LETTER (LETTER | DIGIT)* ;
NUMBER  : DIGIT+ ('.' DIGIT+)? ;
fragment LETTER : [a-z_] ;
fragment DIGIT  : '0'..'9' ;
COMMENT : '#' ~[\r\n#]* '#' -> channel(HIDDEN) ;
WS      : [ \t]+ -> skip ;
//% alphabet [ -~]
